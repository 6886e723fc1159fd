"""One batch: what it says, prepared outside the transaction, and what the transaction writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray

from ingest import log as batch_log
from ingest import stranger
from ingest.decode import Decoder, Draft
from ingest.log import Packets
from ingest.normalise import normalise
from ingest.source import Messages
from schemas.alerts import Change
from schemas.judge import Judge
from schemas.readings import Flag, Readings
from store import alerts, clocks, partition, readings, rejects, strangers
from store.partition import Lease

_ROUNDS = 250  # rows of one device judged at a time: a second at most, on a busy machine too


class Work(NamedTuple):
    """A batch, decoded; the same for every attempt to commit it."""

    messages: Messages
    draft: Draft
    columns: Readings
    packets: Packets
    resumed: int | None
    """The session has caught up at this time (µs): the clock runs again."""
    advanced: int | None
    """Time moves on to this (µs) without a message."""
    stored: bool = True
    """False: the store refused a row of it, so that it is only judged."""


class Outcome(NamedTuple):
    fresh: Readings
    """The rows that were new, as the rules saw them."""
    duplicates: int
    changes: list[Change]

    @property
    def new(self) -> int:
        """How many new rows of `reading`."""
        return len(self.fresh) - int(self.fresh.has(Flag.SIGN_OF_LIFE).sum())


def prepare(
    decoder: Decoder,
    messages: Messages,
    *,
    after: int,
    resumed: int | None,
    advanced: int | None,
) -> Work:
    """Decode and normalise; `after` is the largest `received` given so far (µs)."""
    draft = decoder.decode(messages, after=after)
    packets = batch_log.packets(messages, draft.timeless)
    return Work(messages, draft, normalise(draft.said), packets, resumed, advanced)


def write(
    connection: psycopg.Connection,
    lease: Lease,
    work: Work,
    *,
    judge: Judge,
    now: int,
    session: str,
    snapshot: bytes | None,
) -> Outcome:
    """Write everything the batch said, inside the caller's transaction.

    Raises `store.partition.Fenced` where another copy owns the partition, and what psycopg
    raises. The judge's state is pending afterwards: adopt it after the commit.
    """
    partition.fence(connection, lease)
    if snapshot is not None:
        partition.save_snapshot(connection, lease, snapshot)
    new = _store(connection, work)
    fresh, claimed = work.columns, work.draft.said.ts
    if not new.all():
        fresh, claimed = fresh.take(new), claimed[new]
    if work.resumed is not None:
        # While it stood still only this call moves the clock: where it stands now, it stood.
        stood = max(judge.clock, 0)
        partition.record_standstill(connection, lease.partition, clock=stood, resumed=work.resumed)
    changes = judge_all(
        judge,
        fresh,
        resumed=work.resumed,
        advanced=work.advanced,
        between=partial(partition.stay, connection),
    )
    changes += _judge_strangers(connection, work.draft.strangers)
    alerts.write_changes(connection, changes, raised=now)
    clocks.write_claims(connection, fresh, claimed)
    rejects.write_status(connection, fresh)
    rejects.write_rejects(connection, work.draft.rejects)
    rejects.write_quarantine(connection, work.draft.quarantined)
    rejects.count_overflow(connection, work.draft.overflow, received=work.draft.last_received)
    partition.log_batch(connection, lease, _entry(work, fresh, session))
    return Outcome(fresh, len(new) - len(fresh), changes)


def _store(connection: psycopg.Connection, work: Work) -> NDArray[np.bool_]:
    """Which rows were new."""
    if work.stored:
        return readings.write(connection, work.columns)
    return np.ones(len(work.columns), np.bool_)


def _judge_strangers(
    connection: psycopg.Connection, said: Sequence[stranger.Stranger]
) -> list[Change]:
    if not said:
        return []
    runs = stranger.Runs(strangers.read_runs(connection, [one.key for one in said]))
    changes = stranger.alerts(said, seen=partial(alerts.stranger_seen, connection), runs=runs)
    strangers.write_runs(connection, runs.changed.items())
    return changes


def judge_all(
    judge: Judge,
    rows: Readings,
    *,
    resumed: int | None,
    advanced: int | None,
    between: Callable[[], None] = lambda: None,
) -> list[Change]:
    """The order in which a batch moves the rules; live, after a restart and in a replay.

    `between` is called while judging takes long: between `_pieces`.
    """
    changes: list[Change] = []
    for n, piece in enumerate(_pieces(rows)):
        if n:
            between()
        changes += judge.apply(piece)
    if resumed is not None:
        changes += judge.resume(resumed)
    if advanced is not None:
        changes += judge.advance(advanced)
    return changes


def _pieces(rows: Readings) -> Iterator[Readings]:
    """The rows in pieces in which no device speaks much more often than _ROUNDS times on average.

    The rules judge one row of a home at a time, so thousands of rows of one device (a backlog, a
    test) take seconds where as many of different homes take milliseconds. Where a batch is cut
    changes no answer (I5).
    """
    device = np.sort(rows.device[rows.device >= 0])
    if not (device[_ROUNDS:] == device[:-_ROUNDS]).any():
        yield rows
        return
    most = int(np.unique(device, return_counts=True)[1].max())
    size = -(-len(rows) // -(-most // _ROUNDS))
    for start in range(0, len(rows), size):
        yield rows.take(slice(start, start + size))


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
