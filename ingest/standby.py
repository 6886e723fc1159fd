"""Waiting until the partition can be owned: a second copy is a standby until the first one ends.

A standby connects to no broker. It takes over at once from an owner that let go in order, or
that ran on this machine and has ended; from any other one after the store has not heard of it for
`lease_s`. It also waits for a store that does not answer yet.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

import psycopg
import structlog

from ingest.clock import Clock
from ingest.emergency.sentry import Sentry
from ingest.metrics import Metrics
from ingest.settings import IngestSettings
from ingest.state import State
from store import lease as leases
from store.lease import Holder
from store.partition import Lease

logger = structlog.get_logger(__name__)

_ASK_S = 0.5
_AGAIN_S = 60.0  # between lines that say the same


class Owned(NamedTuple):
    lease: Lease
    asked: float
    """Monotonic seconds just before it was taken."""


class Standby:
    """Asks for one partition in the name of one process."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection],
        *,
        owner: str,
        state: State,
        clock: Clock,
        settings: IngestSettings,
        metrics: Metrics,
        sentry: Sentry,
    ) -> None:
        self._connect, self._owner, self._state, self._clock = connect, owner, state, clock
        self._settings, self._metrics, self._sentry = settings, metrics, sentry
        self._said, self._quiet_until = "", 0.0

    def wait(self, stopping: Callable[[], bool]) -> Owned | None:
        """Until the partition is ours; None when told to stop before that."""
        self._metrics.active.set(0)
        while not stopping():
            try:
                with closing(self._connect()) as connection:
                    self._sentry.end()
                    owned = self._wait_with(connection, stopping)
            except psycopg.OperationalError as error:
                self._sentry.begin()
                self._say(f"the store does not answer: {str(error).strip()}")
                self._clock.sleep(_ASK_S)
                continue
            self._metrics.standby.set(0)
            return owned
        return None

    def _wait_with(
        self, connection: psycopg.Connection, stopping: Callable[[], bool]
    ) -> Owned | None:
        while not stopping():
            asked = self._clock.monotonic()
            got = self._ask(connection)
            if isinstance(got, Lease):
                logger.info("partition is ours", partition=got.partition, epoch=got.epoch)
                self._metrics.active.set(1)
                return Owned(got, asked)
            self._metrics.standby.set(1)
            self._say(
                f"standby: partition {self._settings.partition!r} belongs to"
                f" {got.owner or 'another copy'}, heard of {got.silent_s:.1f} s ago; this copy"
                f" takes over when it ends, or is silent for {self._settings.lease_s:g} s",
                of=got.owner,
            )
            self._clock.sleep(_ASK_S)
        return None

    def _ask(self, connection: psycopg.Connection) -> Lease | Holder:
        holder = leases.holder(connection, self._settings.partition)
        gone = holder.token if holder and self._state.ended(holder.token) else None
        return leases.acquire(
            connection,
            self._settings.partition,
            owner=self._owner,
            token=self._state.token,
            lease_s=self._settings.lease_s,
            now=self._clock.now(),
            dead=gone,
        )

    def _say(self, line: str, *, of: str = "store") -> None:
        """Once for each reason, and now and then while it lasts."""
        now = self._clock.monotonic()
        if of != self._said or now >= self._quiet_until:
            self._said, self._quiet_until = of, now + _AGAIN_S
            logger.warning(line)
