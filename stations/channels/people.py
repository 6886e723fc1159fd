"""Whom a page is about and whom it goes to: read when it is sent, each look on record (I10)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from stations import duty
from stations.channels.base import SendError
from stations.channels.text import Personal
from store import console_audit, stations_people, stations_route
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
        """The phones of the station's workers whose shift runs at `at`, each once."""
        try:
            async with self._pool.connection() as conn:
                zone = await stations_route.zone_of(conn, station)
                shifts = await stations_route.phones(conn, station)
        except (psycopg.Error, PoolTimeout) as error:
            raise SendError(f"the store did not answer: {type(error).__name__}") from error
        on_duty = [phone for phone, shift in shifts if duty.covered([shift], zone, at)]
        return list(dict.fromkeys(on_duty))
