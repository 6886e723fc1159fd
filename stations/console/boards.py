"""What one station's screen shows, with the step at which each part last changed.

A page that was away says which step it saw last and gets exactly what is newer. Nothing is queued
for a page: it is compared with the present, so memory does not grow and nothing comes out of
order (I4). What is newer is found from its end, so that a page's turn costs what changed, however
much is open.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import NamedTuple
from uuid import UUID

from schemas.alerts import Severity
from store.console_live import Tasks
from store.stations_board import BoardIncident, BoardTask

_GONE_KEPT = 1000


class Shown(NamedTuple):
    """A card's contents, and what they were rendered to, by kind of reader: it goes when they
    change."""

    step: int
    incident: BoardIncident
    rendered: dict[Hashable, str]


class Delta(NamedTuple):
    """What a page lacks. `reset`: it shows nothing that can be trusted; start from nothing."""

    reset: bool
    removed: list[UUID]
    changed: list[Shown]
    """In the order of `urgency`."""
    tasks: bool

    @property
    def anything(self) -> bool:
        return self.reset or bool(self.removed) or bool(self.changed) or self.tasks


@dataclass(slots=True)
class Board:
    """Open incidents and tasks of one station."""

    station: str
    step: int
    """The step of the last change."""
    directory: int = -1
    cards: OrderedDict[UUID, Shown] = field(default_factory=OrderedDict)
    """The last changed last."""
    tasks: list[BoardTask] = field(default_factory=list)
    tasks_version: Tasks = (0, 0)
    tasks_step: int = 0
    tasks_rendered: dict[Hashable, str] = field(default_factory=dict)
    viewed_at: float = 0.0
    """By the event loop's clock."""
    _gone: OrderedDict[UUID, int] = field(default_factory=OrderedDict)
    _floor: int = 0
    """Removals up to this step are forgotten."""
    _asking: tuple[int, list[BoardIncident]] = (-1, [])

    def __post_init__(self) -> None:
        self._floor = self.step

    @property
    def read(self) -> bool:
        """Whether it has ever been compared with the store: before that it knows nothing."""
        return self.directory >= 0

    @property
    def shown(self) -> list[Shown]:
        """In the order of `urgency`."""
        return sorted(self.cards.values(), key=_urgency)

    @property
    def incidents(self) -> list[BoardIncident]:
        """In the order of `urgency`."""
        return [shown.incident for shown in self.shown]

    @property
    def asking(self) -> list[BoardIncident]:
        """Those that page until somebody answers, in the order of `urgency`."""
        if self._asking[0] != self.step:
            self._asking = self.step, [i for i in self.incidents if i.climbing and i.due_at]
        return self._asking[1]

    def put(self, incident: BoardIncident, step: int) -> None:
        self.cards[incident.id] = Shown(step, incident, {})
        self.cards.move_to_end(incident.id)
        self._gone.pop(incident.id, None)
        self.step = step

    def remove(self, incident: UUID, step: int) -> None:
        del self.cards[incident]
        self._gone[incident] = self.step = step
        if len(self._gone) > _GONE_KEPT:
            self._floor = self._gone.popitem(last=False)[1]

    def put_tasks(self, tasks: list[BoardTask], version: Tasks, step: int) -> None:
        self.tasks, self.tasks_version, self.tasks_rendered = tasks, version, {}
        self.tasks_step = self.step = step

    def since(self, step: int | None) -> Delta:
        """What is newer than a step; everything for a step that is not remembered."""
        reset = step is None or step < self._floor
        seen = -1 if step is None or reset else step
        newer = takewhile(lambda shown: shown.step > seen, reversed(self.cards.values()))
        gone = takewhile(lambda item: item[1] > seen, reversed(self._gone.items()))
        return Delta(
            reset,
            [] if reset else [incident for incident, _ in gone][::-1],
            sorted(newer, key=_urgency),
            self.tasks_step > seen,
        )


def urgency(incident: BoardIncident) -> tuple[bool, int, float]:
    """What orders the cards: tests last, red first, the longest open first."""
    severity = Severity(incident.severity)
    return incident.test, -severity.rank, incident.opened_at.timestamp()


def _urgency(shown: Shown) -> tuple[bool, int, float]:
    return urgency(shown.incident)
