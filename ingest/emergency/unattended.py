"""Red alerts that are in the store, but that no stations copy takes: ingest tells their ladder."""

from __future__ import annotations

from functools import partial

import psycopg

from ingest.emergency.watch import Watch
from store import unattended

_AGAIN_S = 60.0  # an alert that still nobody takes is told again


class Unattended:
    """Called with the keeper's connection: hands red alerts that no stations copy takes to the
    watch, and notes those that have been told."""

    def __init__(self, watch: Watch, *, after_s: float) -> None:
        self._watch, self._after_s = watch, after_s
        self._on_the_way: set[str] = set()
        self._told: list[str] = []

    def look(self, connection: psycopg.Connection) -> None:
        """Raises what psycopg raises."""
        told = self._told
        if told:
            unattended.said(connection, told)
            self._told = []
            self._on_the_way.difference_update(told)
        for alert in unattended.untaken(connection, after_s=self._after_s, again_s=_AGAIN_S):
            if alert.id not in self._on_the_way:
                self._on_the_way.add(alert.id)
                self._watch.tell(alert, partial(self._tell_of, alert.id))

    def _tell_of(self, alert: str) -> None:
        self._told.append(alert)
