"""A capture, decoded once and judged: by one catalogue, or by several that are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import numpy as np

from devices.catalogue import Catalogue
from ingest import batch as batches
from ingest.decode import Decoder
from ingest.emergency import place
from ingest.emergency.place import Part as Placed
from ingest.lookup import Lookup
from ingest.reject import RejectBudget
from ingest.settings import IngestSettings
from ingest.source import Mark as Bit
from ingest.source import Messages
from ingest.stamps import stamps
from ingest.stranger import Runs
from ingest.stranger import alerts as stranger_alerts
from schemas.capture import Captured
from schemas.directory import Directory
from schemas.readings import Flag
from schemas.registry import Registry
from vigil.replay.book import Run
from vigil.replay.marks import Item, Mark
from vigil.replay.parts import WHOLE, Part
from vigil.replay.seen import Seen

_LINES = 20_000  # a batch; the answer does not depend on it (I5)


class Summary(NamedTuple):
    messages: int = 0
    readings: int = 0
    rejected: int = 0
    quarantined: int = 0
    duplicates: int = 0

    def plus(self, other: Summary) -> Summary:
        return Summary(*(a + b for a, b in zip(self, other, strict=True)))


def replay_capture(
    items: Iterable[Item],
    *,
    directory: Directory,
    catalogue: Catalogue,
    runs: Sequence[Run],
    part: Part = WHOLE,
    settings: IngestSettings | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Judge a capture, decoded once for all `runs`. `progress` is told the lines so far.

    Silence counts from the first line, and time runs to the last, whatever they hold.
    """
    registry = Registry.build(directory).fitted(catalogue.models())
    for run in runs:
        run.judge.set_registry(part.registry(registry))
    settings = settings or IngestSettings()
    decoder = Decoder(
        catalogue,
        Lookup(registry),
        budget=RejectBudget(settings.reject_rate),
        default_area=settings.default_area,
    )
    course = _Course(decoder, registry, runs, part)
    for lines, chunk in _chunks(items):
        course.go(chunk)
        progress(lines)
    course.end()
    return course.summary


@dataclass
class _Course:
    """Where a replay stands."""

    decoder: Decoder
    registry: Registry
    runs: Sequence[Run]
    part: Part
    summary: Summary = field(default_factory=Summary)
    _last: int = 0
    """The newest stamp given to a row; `_newest`: the newest line, of whatever share."""
    _newest: int = 0
    _clock: int = 0
    """Of the newest line that moves time, µs UTC."""
    _stood: bool = False
    _seen: Seen = field(default_factory=Seen)
    _strangers: list[Runs] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._strangers = [Runs({}) for _ in self.runs]

    def go(self, chunk: Sequence[Item]) -> None:
        """Items of one kind: messages, messages that went ahead (one), or a mark (one)."""
        first = chunk[0]
        if isinstance(first, Mark):
            self._move(first)
            return
        captured = [m for m in chunk if isinstance(m, Captured)]
        self._begin(captured[0])
        messages = _messages(captured, after=self._newest)
        self._newest = int(messages.received[-1])
        moving = messages.received[~messages.has(Bit.BACKLOG)]
        self._clock = int(moving.max(initial=self._clock))
        mine = self.part.messages(messages)
        if len(mine):
            self._judge(Placed(mine, first.heard))

    def end(self) -> None:
        if self._clock:
            self._move(Mark(advanced=self._clock))

    def _begin(self, first: Captured) -> None:
        """Every share counts silence from the same moment."""
        if not self._stood and not first.backlog:
            self._move(Mark(advanced=first.received))
        self._stood = True

    def _move(self, mark: Mark) -> None:
        self._stood = True
        for judge, book in self.runs:
            if mark.resumed is not None:
                book.add(judge.resume(mark.resumed))
            if mark.advanced is not None:
                book.add(judge.advance(mark.advanced))
            judge.commit()

    def _judge(self, part: Placed) -> None:
        work = place.prepare(self.decoder, part, after=self._last, resumed=None, advanced=None)
        draft = work.draft
        self._last = draft.last_received
        rows = self.part.rows(work.columns, self.registry)
        new = self._seen.new(rows)
        fresh = rows.take(new)
        for (judge, book), levels in zip(self.runs, self._strangers, strict=True):
            changes = batches.judge_all(judge, fresh, resumed=None, advanced=None)
            changes += stranger_alerts(draft.strangers, seen=book.stranger_seen, runs=levels)
            judge.commit()
            book.add(changes)
        kept = new & ~rows.has(Flag.SIGN_OF_LIFE)
        self.summary = self.summary.plus(
            Summary(
                len(part.messages),
                int(kept.sum()),
                len(draft.rejects),
                len(draft.quarantined),
                len(new) - int(new.sum()),
            )
        )


def _chunks(items: Iterable[Item]) -> Iterable[tuple[int, list[Item]]]:
    """(lines so far, items that go together): messages up to a batch, the others one by one."""
    done = 0
    count = 0

    def key(item: Item) -> tuple[str, int]:
        nonlocal count
        count += 1
        if isinstance(item, Mark):
            return "mark", count
        return ("ahead", count) if item.heard is not None else ("message", count // _LINES)

    for _, group in groupby(items, key):
        chunk = list(group)
        done += len(chunk)
        yield done, chunk


def _messages(captured: Sequence[Captured], *, after: int) -> Messages:
    """Lines of one moment are a microsecond apart, in every share alike."""
    received = np.array([m.received for m in captured], np.int64)
    return Messages(
        [m.topic.encode("utf-8", "surrogatepass") for m in captured],
        [m.payload for m in captured],
        stamps(received, np.ones(len(captured), np.int64), after=after),
        np.zeros(len(captured), np.int64),
        np.array([_bits(m) for m in captured], np.uint8),
        session=0,
    )


def _bits(message: Captured) -> int:
    return message.retain * Bit.RETAIN | message.backlog * Bit.BACKLOG
