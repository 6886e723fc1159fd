"""What one station's screen shows, with the step at which each part last changed.

A page that was away says which step it saw last and gets exactly what is newer. Nothing is queued
for a page: it is compared with the present, so memory does not grow and nothing comes out of
order (I4).
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from schemas.alerts import Severity
from store.console_live import Tasks
from store.stations_board import BoardIncident, BoardTask

_GONE_KEPT = 1000


class Shown(NamedTuple):
    step: int
    incident: BoardIncident


class Delta(NamedTuple):
    """What a page lacks. `reset`: it shows nothing that can be trusted; start from nothing."""

    reset: bool
    removed: list[UUID]
    changed: list[BoardIncident]
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
    cards: dict[UUID, Shown] = field(default_factory=dict)
    tasks: list[BoardTask] = field(default_factory=list)
    tasks_version: Tasks = (0, 0)
    tasks_step: int = 0
    viewed_at: float = 0.0
    """By the event loop's clock."""
    _gone: OrderedDict[UUID, int] = field(default_factory=OrderedDict)
    _floor: int = 0
    """Removals up to this step are forgotten."""

    def __post_init__(self) -> None:
        self._floor = self.step

    @property
    def read(self) -> bool:
        """Whether it has ever been compared with the store: before that it knows nothing."""
        return self.directory >= 0

    @property
    def incidents(self) -> list[BoardIncident]:
        """In the order of `urgency`."""
        return sorted((shown.incident for shown in self.cards.values()), key=urgency)

    def put(self, incident: BoardIncident, step: int) -> None:
        self.cards[incident.id] = Shown(step, incident)
        self._gone.pop(incident.id, None)
        self.step = step

    def remove(self, incident: UUID, step: int) -> None:
        del self.cards[incident]
        self._gone[incident] = self.step = step
        if len(self._gone) > _GONE_KEPT:
            self._floor = self._gone.popitem(last=False)[1]

    def put_tasks(self, tasks: list[BoardTask], version: Tasks, step: int) -> None:
        self.tasks, self.tasks_version = tasks, version
        self.tasks_step = self.step = step

    def since(self, step: int | None) -> Delta:
        """What is newer than a step; everything for a step that is not remembered."""
        reset = step is None or step < self._floor
        seen = -1 if step is None or reset else step
        return Delta(
            reset,
            [] if reset else [gone for gone, at in self._gone.items() if at > seen],
            [incident for incident in self.incidents if self.cards[incident.id].step > seen],
            self.tasks_step > seen,
        )


def urgency(incident: BoardIncident) -> tuple[bool, int, float]:
    """What orders the cards: tests last, red first, the longest open first."""
    severity = Severity(incident.severity)
    return incident.test, -severity.rank, incident.opened_at.timestamp()
