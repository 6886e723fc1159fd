"""Replay: recorded traffic through the very same decoder, normaliser and rules.

It holds neither a broker nor a stations side, and writes to no store: it cannot page anybody.
The last line's time ends it: what would be due later does not fire.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import psycopg

from devices.catalogue import Catalogue
from ingest import batch as batches
from ingest.decode import Decoder
from ingest.lookup import Lookup
from ingest.reject import RejectBudget
from ingest.settings import IngestSettings
from ingest.source import Mark, Messages
from ingest.stranger import Runs
from ingest.stranger import alerts as stranger_alerts
from schemas.alerts import Alert, Change, fold
from schemas.capture import Captured, CaptureError, parse_line
from schemas.directory import Directory, station_of_homes
from schemas.judge import Judge
from schemas.readings import Flag, Readings
from schemas.registry import Registry
from schemas.times import to_micros
from schemas.topics import MARKER_AREA
from store import partition, readings
from store.strangers import StrangerKey
from vigil.seen import Seen

_LINES = 20_000  # a batch; the answer does not depend on it (I5)


class Problem(NamedTuple):
    """A line that could not be read; the rest continued."""

    line: int
    message: str


class Summary(NamedTuple):
    messages: int = 0
    readings: int = 0
    rejected: int = 0
    quarantined: int = 0
    duplicates: int = 0


def read_capture(lines: Iterable[bytes], problems: list[Problem]) -> Iterator[Captured]:
    """The messages of a capture, without ingest's own markers; broken lines go to `problems`."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            message = parse_line(line)
        except CaptureError as error:
            problems.append(Problem(number, str(error)))
            continue
        if MARKER_AREA not in message.topic.split("/", 4)[:4]:
            yield message


class AlertBook:
    """Alerts as they stand after the changes so far."""

    def __init__(self, directory: Directory) -> None:
        self._stations = station_of_homes(directory)
        self._alerts: dict[str, Alert] = {}

    def add(self, changes: Iterable[Change]) -> None:
        """`raised` is logical time: the event time of the first change."""
        for change in changes:
            station = self._stations.get(change.home) if change.home is not None else None
            before = self._alerts.get(change.id)
            self._alerts[change.id] = fold(before, change, raised=change.at, station=station)

    def in_order(self) -> list[Alert]:
        """By onset, then id."""
        return sorted(self._alerts.values(), key=lambda a: (a.onset, a.id))

    def stranger_seen(self, key: StrangerKey, *, onset: int, window: int) -> bool:
        """As the store answers it live: an alert of this unknown device within the window."""
        return any(
            (a.rule, a.test, a.gateway) == (key.rule, key.test, key.gateway or None)
            and a.evidence.get("unknown_device") == key.device
            and abs(to_micros(a.onset) - onset) < window
            for a in self._alerts.values()
            if "unknown_device" in a.evidence
        )


class Run(NamedTuple):
    """A judge, and the book that its alerts end in."""

    judge: Judge
    book: AlertBook


def replay_capture(
    messages: Iterable[Captured],
    *,
    directory: Directory,
    catalogue: Catalogue,
    runs: Sequence[Run],
    progress: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Judge a capture, decoded once for all `runs`. `progress` is told the messages so far."""
    registry = Registry.build(directory).fitted(catalogue.models())
    for run in runs:
        run.judge.set_registry(registry)
    budget = RejectBudget(IngestSettings().reject_rate)
    decoder = Decoder(catalogue, Lookup(registry), budget=budget)
    seen, strangers = Seen(), [Runs({}) for _ in runs]
    summary = Summary()
    last = 0
    stream = iter(messages)
    while chunk := list(islice(stream, _LINES)):
        batch = _messages(chunk)
        work = batches.prepare(decoder, batch, after=last, resumed=None, advanced=None)
        last = work.draft.last_received
        new = seen.new(work.columns)
        fresh = work.columns.take(new)
        for (judge, book), levels in zip(runs, strangers, strict=True):
            changes = judge.apply(fresh)
            changes += stranger_alerts(work.draft.strangers, seen=book.stranger_seen, runs=levels)
            judge.commit()
            book.add(changes)
        kept = new & ~work.columns.has(Flag.SIGN_OF_LIFE)
        draft = work.draft
        summary = Summary(
            summary.messages + len(chunk),
            summary.readings + int(kept.sum()),
            summary.rejected + len(draft.rejects),
            summary.quarantined + len(draft.quarantined),
            summary.duplicates + len(new) - int(new.sum()),
        )
        progress(summary.messages)
    return summary


def replay_store(
    connection: psycopg.Connection,
    *,
    since: int,
    until: int,
    partition_name: str,
    judge: Judge,
    book: AlertBook,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Judge what was received in [since, until) (µs UTC) as the live run did; rows judged.

    Where the live run's clock stood still while it caught up, it stands still here.
    """
    still = partition.standstills(connection, partition_name, since, until)
    events = [e for clock, resumed in still for e in ((clock, "stop"), (resumed, "resume"))]
    total = 0
    for rows in readings.read_range(connection, since, until):
        while events and len(rows):
            at, what = events[0]
            before = rows.received <= at if what == "stop" else rows.received < at
            if before.all():
                break
            _judge(judge, rows.take(before), book)
            rows = rows.take(~before)  # noqa: PLW2901 (what is left of them)
            _move(judge, at, what, book)
            events.pop(0)
        _judge(judge, rows, book)
        total += len(rows)
        progress(total)
    for at, what in events:
        _move(judge, at, what, book)
    book.add(judge.advance(until))
    judge.commit()
    return total


def _judge(judge: Judge, rows: Readings, book: AlertBook) -> None:
    book.add(judge.apply(rows))
    judge.commit()


def _move(judge: Judge, at: int, what: str, book: AlertBook) -> None:
    if what == "resume":
        book.add(judge.resume(at))
    elif at > 0:  # 0: nothing had been seen yet
        book.add(judge.advance(at))
    judge.commit()


def _messages(captured: Sequence[Captured]) -> Messages:
    return Messages(
        [m.topic.encode("utf-8", "surrogatepass") for m in captured],
        [m.payload for m in captured],
        np.array([m.received for m in captured], np.int64),
        np.zeros(len(captured), np.int64),
        np.array([Mark.RETAIN if m.retain else 0 for m in captured], np.uint8),
        session=0,
    )
