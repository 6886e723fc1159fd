"""A range of the store, judged as the live run did."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import psycopg

from ingest import batch as batches
from schemas.readings import Readings
from schemas.registry import Registry
from store import partition, readings
from vigil.replay.book import Run
from vigil.replay.parts import WHOLE, Part
from vigil.replay.seen import Seen


def replay_store(
    connection: psycopg.Connection,
    *,
    since: int,
    until: int,
    partition_name: str,
    registry: Registry,
    run: Run,
    part: Part = WHOLE,
    progress: Callable[[int, int], None] = lambda _rows, _at: None,
) -> int:
    """Judge what was received in [since, until) (µs UTC); rows judged.

    Where the live run's clock stood still while it caught up, it stands still here. `progress` is
    told the rows so far and how far time is.
    """
    judge, book = run
    judge.set_registry(part.registry(registry))
    still = partition.standstills(connection, partition_name, since, until)
    events = [e for clock, resumed in still for e in ((clock, "stop"), (resumed, "resume"))]
    total = 0
    for read in readings.read_range(connection, since, until):
        connection.rollback()  # judging takes its time: no lock is held meanwhile
        rows = read
        while events and len(rows):
            at, what = events[0]
            before = rows.received <= at if what == "stop" else rows.received < at
            if before.all():
                break
            total += _judge(run, part.rows(rows.take(before), registry))
            rows = rows.take(~before)
            _move(run, at, what)
            events.pop(0)
        total += _judge(run, part.rows(rows, registry))
        if len(read):
            progress(total, int(read.received[-1]))
    for at, what in events:
        _move(run, at, what)
    book.add(judge.advance(until))
    judge.commit()
    return total


def replay_columns(
    batches_: Iterable[Readings],
    *,
    registry: Registry,
    run: Run,
    part: Part = WHOLE,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Judge recorded columns in the order of `received`; rows judged. Repetitions count once.

    Silence counts from the first row of all, and time runs to the last, in every share.
    """
    judge, book = run
    judge.set_registry(part.registry(registry))
    total, last, seen = 0, None, Seen()
    for rows in batches_:
        if not len(rows):
            continue
        if last is None:
            book.add(judge.advance(int(rows.received[0])))
        last = int(rows.received[-1])
        mine = part.rows(rows, registry)
        total += _judge(run, mine.take(seen.new(mine)))
        progress(total)
    if last is not None:
        book.add(judge.advance(last))
        judge.commit()
    return total


def _judge(run: Run, rows: Readings) -> int:
    run.book.add(batches.judge_all(run.judge, rows, resumed=None, advanced=None))
    run.judge.commit()
    return len(rows)


def _move(run: Run, at: int, what: str) -> None:
    if what == "resume":
        run.book.add(run.judge.resume(at))
    elif at > 0:  # 0: nothing had been seen yet
        run.book.add(run.judge.advance(at))
    run.judge.commit()
