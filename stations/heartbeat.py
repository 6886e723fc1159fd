"""The retained sign of life on `vigil/v1/stations/heartbeat`, with a will for its loss.

It says `alive` only if the store answers, for without the store nobody can be paged. A terminal
takes `alive: false`, or an `at` older than three intervals, as the loss of the stations side.
"""

import asyncio
from datetime import datetime

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from schemas import topics, wire
from stations import ending
from stations.loops import Wake
from stations.mqtt import Link, LinkDown, Will
from store.stations_clock import Clock

log = structlog.get_logger(__name__)

_STORE_WITHIN = 5.0  # seconds


def will(now: datetime) -> Will:
    return Will(topics.HEARTBEAT, _beat(alive=False, at=now))


class Heartbeat:
    """`run` beats every `every` seconds, and at once when `now` is called."""

    def __init__(
        self,
        link: Link,
        pool: AsyncConnectionPool,
        *,
        clock: Clock,
        every: float,
        started: datetime,
    ) -> None:
        self._link = link
        self._pool = pool
        self._clock = clock
        self._every = every
        self._at = started
        self._alive = False
        self._hurry = Wake()

    def now(self) -> None:
        self._hurry.set()

    def heard(self, payload: bytes) -> None:
        """Another copy's end was announced for all of us: say that this one lives, if it does."""
        if self._alive and b'"alive":false' in payload.replace(b" ", b""):
            self.now()

    async def run(self) -> None:
        while True:
            ending.check()
            self._hurry.clear()
            self._alive = await self._store_answers()
            await self._publish(alive=self._alive)
            await self._hurry.wait(self._every)

    async def stop(self) -> None:
        """A clean end sends no will, so say it; another copy will contradict."""
        await self._publish(alive=False)

    async def _store_answers(self) -> bool:
        try:
            async with asyncio.timeout(_STORE_WITHIN), self._pool.connection() as conn:
                self._at = await self._clock(conn)
        except (psycopg.Error, OSError, TimeoutError):
            return False
        return True

    async def _publish(self, *, alive: bool) -> None:
        try:
            await self._link.publish(topics.HEARTBEAT, _beat(alive=alive, at=self._at), retain=True)
        except LinkDown as error:
            log.info("heartbeat_not_sent", error=str(error))


def _beat(*, alive: bool, at: datetime) -> bytes:
    return wire.Heartbeat(alive=alive, at=at).model_dump_json().encode()
