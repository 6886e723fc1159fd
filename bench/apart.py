"""Readings made by a process of their own, while whoever asked for them judges the ones before."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection

from schemas.readings import Readings

ROWS = 60_000
"""Sent at a time, about: windows of a small fleet have few rows, and judging few costs as much."""


def made_apart(make: Callable[[], Iterable[Readings]]) -> Iterator[Readings]:
    """What `make()` yields (picklable), in pieces of at least `ROWS` but for the last one.

    The other process is never more than a piece ahead. EOFError if it ends before its time; its
    own words stand on standard error.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    maker = context.Process(target=_send, args=(make, there), daemon=True)
    maker.start()
    there.close()
    try:
        while data := here.recv_bytes():
            yield Readings.from_bytes(data)
    finally:
        here.close()
        maker.join()


def _send(make: Callable[[], Iterable[Readings]], there: Connection) -> None:
    held: list[Readings] = []
    for rows in make():
        held.append(rows)
        if sum(map(len, held)) >= ROWS:
            there.send_bytes(Readings.concat(held).to_bytes())
            held = []
    there.send_bytes(Readings.concat(held).to_bytes())
    there.send_bytes(b"")
