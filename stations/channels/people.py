"""Whom a page is about and whom it goes to: read when it is sent, each look on record (I10)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from stations import duty
from stations.channels.base import SendError
from stations.channels.text import Personal
from stations.route import SEEN_WITHIN
from store import console_audit, stations_duty, stations_people
from store.stations_clock import Clock


class People:
    """For one channel. SendError where the store does not answer: the page is sent later."""

    def __init__(self, pool: AsyncConnectionPool, clock: Clock, *, channel: str) -> None:
        self._pool, self._clock, self._channel = pool, clock, channel

    async def who_lives(self, card: Mapping[str, Any]) -> Personal:
        """Those whom the card names, and the address of its home."""
        try:
            async with self._pool.connection() as conn:
                names, address = await stations_people.named(
                    conn, elders=card["elders"], home=card["home"]
                )
                await console_audit.record(
                    conn,
                    at=await self._clock(conn),
                    staff=None,
                    action="sent",
                    subject=card["incident"],
                    detail={"channel": self._channel, "elders": card["elders"]},
                )
        except (psycopg.Error, PoolTimeout) as error:
            raise SendError(f"the store did not answer: {type(error).__name__}") from error
        return Personal(tuple(names), address)

    async def phones_on_duty(self, station: str, at: datetime) -> Sequence[str]:
        """The phones of who has confirmed a shift there, and of who is to be there at `at`."""
        try:
            async with self._pool.connection() as conn:
                return await self._phones(conn, station, at)
        except (psycopg.Error, PoolTimeout) as error:
            raise SendError(f"the store did not answer: {type(error).__name__}") from error

    async def _phones(self, conn: AsyncConnection, station: str, at: datetime) -> list[str]:
        working = await stations_duty.working(conn, [station], now=at, within=SEEN_WITHIN)
        calendars = await stations_duty.calendars(conn, [station]) or {}
        zone = await stations_duty.zone_of(conn, station)
        planned = duty.on_duty(calendars[station], zone, at) if station in calendars else []
        return await stations_duty.phones(conn, [*working.get(station, ()), *planned])
