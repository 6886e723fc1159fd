"""Keeps a partition: says every second that this copy lives, and knows for how long to trust that.

The store decides by its own clock when an owner counts as dead; here the same time is counted
from before the last word that the store took, so that trust ends before another copy can begin.
A copy without trust keeps the session it has, but connects to no broker: the one that took over
has the same client id there, and the two must not throw each other out.

The thread and its connection are the keeper's own: a hanging commit does not silence it, and a
stopped process is silent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import structlog

from store import lease as leases
from store.partition import Lease

logger = structlog.get_logger(__name__)

_EVERY_S = 1.0
_SAFE = 0.8  # of the lease: clocks may run at slightly different speeds


class Keeper:
    """From `start` until `close`."""

    def __init__(
        self,
        lease: Lease,
        *,
        connect: Callable[[], psycopg.Connection],
        lease_s: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._lease, self._connect, self._monotonic = lease, connect, monotonic
        self._beside: Callable[[psycopg.Connection], None] = lambda _: None
        self._lease_s = lease_s
        self._trusted_until = 0.0
        self._lost = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._connection: psycopg.Connection | None = None

    def start(self, *, asked: float, beside: Callable[[psycopg.Connection], None]) -> None:
        """`asked`: monotonic seconds just before the partition was taken. `beside` is called after
        each word with the connection, for what else has to be asked once a second; psycopg.Error
        may come from it."""
        self._beside = beside
        self._trusted_until = asked + _SAFE * self._lease_s
        self._thread.start()

    @property
    def lost(self) -> bool:
        """Another copy has taken over: nothing can be committed any more."""
        return self._lost

    def trusted(self) -> bool:
        """Whether this copy is surely still the owner."""
        return not self._lost and self._monotonic() < self._trusted_until

    def close(self) -> None:
        """End, and let go, so that another copy need not wait until this one counts as dead."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(_EVERY_S)
        if not self._lost:
            self._release()
        if not self._thread.is_alive():
            self._drop()

    def _release(self) -> None:
        try:
            with self._connect() as connection:
                leases.release(connection, self._lease)
        except psycopg.Error as error:
            logger.warning("could not let go of the partition", error=str(error))

    def _run(self) -> None:
        while not self._ending.wait(min(_EVERY_S, self._lease_s / 4)):
            try:
                self._say()
            except psycopg.Error as error:
                logger.debug("could not say that this copy lives", error=str(error))
                self._drop()
            if self._lost:
                logger.warning("another copy has taken the partition over")
                return

    def _say(self) -> None:
        at = self._monotonic()
        if self._connection is None:
            self._connection = self._connect()
        if not leases.beat(self._connection, self._lease):
            self._lost = True
            return
        self._trusted_until = at + _SAFE * self._lease_s
        self._beside(self._connection)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
