"""The transaction of a batch: everything it said, what the rules make of it, and its log.

There are two ways. Nearly always all rows are new: they are copied straight away, many of them
while the rules judge them and the next batch is decoded, and all else goes in two trips to the
store. Where a row turns out to be there already, that transaction is lost, and the batch goes the
careful way: first the rows, each where it is new, then what the rules make of those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from functools import partial
from typing import Any, NamedTuple

import psycopg

from ingest import log as batch_log
from ingest import stranger
from ingest.batch import Outcome, Work, judge_all
from schemas.alerts import Change
from schemas.judge import Judge
from schemas.readings import Int64, Readings
from store import alerts, clocks, partition, readings, rejects, strangers
from store.partition import Lease

_MANY = 1_000  # rows; fewer are copied before another thread has taken them over


class Desk(NamedTuple):
    """What a transaction is made with. `now`: µs UTC; `session` names the broker's, which numbered
    the packets; `snapshot`: the rules' state before the batch, where one is due."""

    connection: psycopg.Connection
    lease: Lease
    judge: Judge
    now: int
    session: str
    snapshot: bytes | None


def straight(
    desk: Desk, work: Work, *, beside: Executor, meanwhile: Callable[[], object]
) -> Outcome:
    """Commit a batch whose rows are all new. `meanwhile` is called while a thread of `beside`
    copies many of them.

    psycopg.IntegrityError where one is not; `store.partition.Fenced` where another copy owns the
    partition; and what psycopg raises. After an error roll back the connection. The judge's state
    is pending in any case: adopt it after the commit, or roll it back.
    """
    stored = work.columns if work.stored else Readings.blank(0)
    readings.make_days(desk.connection, stored)
    with partition.begin(desk.connection, desk.lease):
        readings.note_days(desk.connection, stored)
    _keep_state(desk, work)
    changes = _copy_and_judge(desk, work, beside, meanwhile)
    return _commit(desk, work, work.columns, work.draft.said.ts, changes)


def carefully(desk: Desk, work: Work) -> Outcome:
    """Commit any batch; otherwise as `straight`."""
    with partition.begin(desk.connection, desk.lease):
        pass
    _keep_state(desk, work)
    fresh, claimed = work.columns, work.draft.said.ts
    if work.stored and not (new := readings.write(desk.connection, fresh)).all():
        fresh, claimed = fresh.take(new), claimed[new]
    changes = _judge(desk, work, fresh, partial(partition.stay, desk.connection))
    return _commit(desk, work, fresh, claimed, changes)


def _keep_state(desk: Desk, work: Work) -> None:
    """As it is before the batch."""
    if desk.snapshot is not None:
        partition.save_snapshot(desk.connection, desk.lease, desk.snapshot)
    if work.resumed is not None:
        # While it stood still only this call moves the clock: where it stands now, it stood.
        stood = max(desk.judge.clock, 0)
        name = desk.lease.partition
        partition.record_standstill(desk.connection, name, clock=stood, resumed=work.resumed)


def _copy_and_judge(
    desk: Desk, work: Work, beside: Executor, meanwhile: Callable[[], object]
) -> list[Change]:
    connection, rows = desk.connection, work.columns
    if len(rows) < _MANY or not work.stored:
        if work.stored:
            readings.write_straight(connection, rows)
        return _judge(desk, work, rows, partial(partition.stay, connection))
    copying = beside.submit(readings.write_straight, connection, rows)
    try:
        changes = _judge(desk, work, rows, partial(_stay, connection, copying))
        meanwhile()
    finally:
        wait([copying])  # the connection is its own until then
    copying.result()
    return changes


def _stay(connection: psycopg.Connection, copying: Future[Any]) -> None:
    copying.result()
    partition.stay(connection)


def _judge(desk: Desk, work: Work, rows: Readings, between: Callable[[], None]) -> list[Change]:
    return judge_all(
        desk.judge, rows, resumed=work.resumed, advanced=work.advanced, between=between
    )


def _commit(
    desk: Desk, work: Work, fresh: Readings, claimed: Int64, changes: list[Change]
) -> Outcome:
    """`fresh`: the rows that were new; `claimed`: the time that each one's device said."""
    connection, draft = desk.connection, work.draft
    changes = changes + _judge_strangers(connection, draft.strangers)
    alerts.write_changes(connection, changes, raised=desk.now)
    with partition.commit(connection, desk.lease, _entry(work, fresh, desk.session)):
        clocks.write_claims(connection, fresh, claimed)
        rejects.write_status(connection, fresh)
        rejects.write_rejects(connection, draft.rejects)
        rejects.write_quarantine(connection, draft.quarantined)
        rejects.count_overflow(connection, draft.overflow, received=draft.last_received)
    return Outcome(fresh, len(work.columns) - len(fresh), changes)


def _judge_strangers(
    connection: psycopg.Connection, said: Sequence[stranger.Stranger]
) -> list[Change]:
    if not said:
        return []
    runs = stranger.Runs(strangers.read_runs(connection, [one.key for one in said]))
    changes = stranger.alerts(said, seen=partial(alerts.stranger_seen, connection), runs=runs)
    strangers.write_runs(connection, runs.changed.items())
    return changes


def _entry(work: Work, fresh: Readings, session: str) -> bytes:
    return batch_log.encode(
        batch_log.Entry(
            fresh.to_bytes(),
            work.resumed,
            work.advanced,
            work.draft.last_received,
            session,
            work.packets.numbers,
            work.packets.digests,
            work.packets.passed,
        )
    )
