"""One batch: what it says, prepared outside the transaction, and how it moves the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from ingest import log as batch_log
from ingest.decode import Decoder, Draft
from ingest.log import Packets
from ingest.normalise import normalise
from ingest.source import Messages
from schemas.alerts import Change
from schemas.judge import Judge
from schemas.readings import Flag, Readings

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
