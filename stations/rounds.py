"""One round of each loop: borrow a connection, do what is due, say how long it may rest."""

import asyncio
from datetime import datetime

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from stations import acks, initials
from stations.backoff import backoff
from stations.channels.base import Channel
from stations.climb import climb_due
from stations.deliver import next_due, send_due
from stations.intake import AT_ONCE, take
from stations.loops import Wake, Watch
from stations.quiet import expire
from stations.settings import StationsSettings
from stations.shifts import end_due
from stations.visits import open_due
from stations.waiting import raise_waiting
from store import (
    errors,
    stations_acks,
    stations_duty,
    stations_incident,
    stations_intake,
    stations_outbox,
)
from store.stations_clock import Clock

log = structlog.get_logger(__name__)

_FIGURES_S = 5.0  # seconds between looks at the gauges
_QUIET_S = 5.0  # seconds between looks at mutes that are over
_CARE_S = 600.0  # seconds between looks at what care work is due
_NAMES_S = 10.0  # seconds between looks at names without initials
_MORE_NAMES_S = 0.5  # seconds between two batches of them: 22,000 take some four minutes
_REST_S = 0.01  # seconds; what is due but in another copy's hands is not asked for without end
_SEVERITIES = ("red", "orange", "test")


class Rounds:
    """Each method raises psycopg.Error where the store fails; `loops.forever` goes on."""

    def __init__(
        self, settings: StationsSettings, pool: AsyncConnectionPool, clock: Clock, watch: Watch
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._watch = watch
        self._poll = settings.poll_s
        self._policy = settings.policy()

    async def intake(self, queued: Wake) -> float:
        """`queued` wakes this copy's own senders without the way through the store."""
        async with self._pool.connection() as conn:
            now = await self._clock(conn)
            handled = await take(conn, now, self._policy)
        if not handled:
            return self._poll
        queued.set()
        self._watch.metrics.changes.inc(handled)
        # What comes meanwhile wakes it; an empty look round would only be in the senders' way.
        return 0 if handled >= AT_ONCE else self._poll

    async def ladder(self, queued: Wake) -> float:
        """Rest until the next timer, so that a rung is taken on the second."""
        async with self._pool.connection() as conn:
            now = await self._clock(conn)
            climbed = await climb_due(conn, now, self._policy)
            due = await stations_incident.next_due(conn)
        if not climbed:
            return self._until(due, now)
        queued.set()
        self._watch.metrics.climbs.inc(climbed)
        return 0

    async def deliver(self, channel: Channel) -> float:
        await channel.ready()
        metrics, rng = self._watch.metrics, self._watch.rng
        async with self._pool.connection() as conn:
            tried = await send_due(conn, channel, clock=self._clock, rng=rng, metrics=metrics)
            if tried:
                return 0
            now = await self._clock(conn)
            return self._until(await next_due(conn, channel, now), now)

    async def figures(self) -> float:
        """The gauges; and answers too old to come again are forgotten."""
        metrics = self._watch.metrics
        async with self._pool.connection() as conn:
            await stations_acks.forget(conn, await self._clock(conn))
            metrics.backlog.set(await stations_intake.backlog(conn))
            incidents = await stations_incident.open_count(conn)
            waiting = await stations_outbox.pending(conn)
        for severity in _SEVERITIES:
            metrics.incidents.labels(severity).set(incidents.get(severity, 0))
        metrics.pending.clear()
        for channel, count in waiting.items():
            metrics.pending.labels(channel).set(count)
        return _FIGURES_S

    async def shifts(self, queued: Wake) -> float:
        """Shifts that are over; rest until the next one ends."""
        async with self._pool.connection() as conn:
            now = await self._clock(conn)
            ended = await end_due(conn, now, self._policy)
            due = await stations_duty.next_end(conn)
        if not ended:
            return self._until(due, now)
        queued.set()
        return 0

    async def quiet(self) -> float:
        """Mutes that are over."""
        async with self._pool.connection() as conn:
            await expire(conn, await self._clock(conn))
        return _QUIET_S

    async def care(self) -> float:
        """Visits that have fallen due, and tasks that have waited too long."""
        async with self._pool.connection() as conn:
            now = await self._clock(conn)
            await open_due(conn, now, self._policy)
            await raise_waiting(conn, now, self._policy)
        return _CARE_S

    async def early(self) -> float:
        """Answers that came before their alert was stored."""
        async with self._pool.connection() as conn:
            for result in await acks.answer_early(conn, await self._clock(conn), self._policy):
                self._watch.metrics.acks.labels(result).inc()
        return self._poll

    async def names(self) -> float:
        """New names get their initials."""
        async with self._pool.connection() as conn:
            return _MORE_NAMES_S if await initials.fill(conn) else _NAMES_S

    async def answer(self, topic: str, payload: bytes) -> None:
        """What a terminal published; tried until the store has taken it."""
        attempt = 0
        while True:
            try:
                async with self._pool.connection() as conn:
                    now = await self._clock(conn)
                    result = await acks.answer(conn, topic, payload, now, self._policy)
            except (psycopg.Error, OSError) as error:
                if _refused_for_good(error):
                    log.warning("ack_refused_by_store", topic=topic[:200], error=str(error))
                    self._watch.metrics.acks.labels("unreadable").inc()
                    return
                attempt += 1
                self._watch.metrics.trouble.labels("acks").inc()
                log.warning("ack_waits", attempt=attempt, error=str(error))
                await asyncio.sleep(backoff(attempt, self._watch.rng, first=0.1, most=5))
            else:
                self._watch.metrics.acks.labels(result).inc()
                return

    def _until(self, due: datetime | None, now: datetime) -> float:
        if due is None:
            return self._poll
        return min(self._poll, max(_REST_S, (due - now).total_seconds()))


def _refused_for_good(error: Exception) -> bool:
    return isinstance(error, psycopg.Error) and errors.kind(error) is errors.Kind.PERMANENT
