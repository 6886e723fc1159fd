"""What the store needs done now and then. Any copy may do it at any time: each piece of work is a
transaction of whoever has its turn, bounded, and harmless to repeat.

On TimescaleDB its own jobs cut, compress, summarise and drop (see `store.presets`); only what
stands in ordinary tables is left to do here.
"""

from typing import NamedTuple

import psycopg

from schemas.times import DAY
from store import days, summaries
from store.prune import prune
from store.settings import StoreSettings

_AHEAD = 3
"""Days that have their partitions made in advance, today included: ingest makes what is missing,
but then its batch waits for it."""


class Report(NamedTuple):
    """What a run did. Days as numbers since 1970; `pruned`: rows by table."""

    made: list[int]
    dropped: list[int]
    added: int
    renewed: int
    pruned: dict[str, int]

    def __bool__(self) -> bool:
        return any(self)


def maintain(connection: psycopg.Connection, settings: StoreSettings, *, now: int) -> Report:
    """One run. `connection`: autocommit, outside any transaction; `now`: µs UTC."""
    plain = days.partitioned(connection, "reading")
    made: list[int] = []
    dropped: list[int] = []
    refreshed = summaries.Refreshed(0, 0)
    if plain:
        today = now // DAY
        ahead = range(today, today + _AHEAD)
        made = [day for day in ahead if days.make_ahead(connection, "reading", day)]
        for table, kept in (
            ("reading", settings.reading_days),
            ("minute_kept", settings.minute_days),
        ):
            dropped += days.drop(connection, table, before=today - kept)
        refreshed = summaries.refresh(connection, now=now)
    pruned = prune(connection, settings, now=now, plain=plain)
    return Report(made, dropped, refreshed.added, refreshed.renewed, pruned)
