"""Loops that run for ever: woken, or by themselves after a while; they outlive store and broker.

An error of the store or the broker is logged and counted, and the loop goes on after a growing
wait. Any other error is a fault of ours: it ends the process, whose supervisor starts a new one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random

import psycopg
import structlog
from psycopg import sql

from stations import ending
from stations.backoff import backoff
from stations.metrics import Metrics

log = structlog.get_logger(__name__)

_FIRST, _MOST = 0.1, 5.0  # seconds between attempts while something is down


class Wake:
    """Ends a loop's rest early. Set while the loop is at work, it goes round once more."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Until set, or for so long; whether it was set."""
        try:
            async with asyncio.timeout(seconds):
                return await self._event.wait()
        except TimeoutError:
            return False

    def clear(self) -> None:
        self._event.clear()


@dataclass(frozen=True, slots=True)
class Watch:
    """What the loops share. `troubled` names those whose last round failed."""

    metrics: Metrics
    rng: Random
    troubled: set[str] = field(default_factory=set)


async def forever(
    name: str,
    work: Callable[[], Awaitable[float]],
    *,
    wake: Wake,
    watch: Watch,
    behind: float = 0,
) -> None:
    """Call `work` again and again; it says for how many seconds it may rest (0: more waits).

    Woken, it lets others go first for `behind` seconds: the same commit has something to send.
    """
    attempt = 0
    while True:
        ending.check()
        wake.clear()
        try:
            rest = await work()
        except (psycopg.Error, OSError) as error:
            attempt += 1
            await _trouble(name, error, attempt, watch)
            continue
        attempt = 0
        watch.troubled.discard(name)
        if rest > 0 and await wake.wait(rest) and behind:
            await asyncio.sleep(behind)


async def listen(
    connect: Callable[[], Awaitable[psycopg.AsyncConnection]],
    wakes: Mapping[str, Wake],
    *,
    watch: Watch,
) -> None:
    """Set the wake of each channel that the store notifies; all of them once it is back.

    Only wakes are lost while it is away: every loop also polls.
    """
    attempt = 0
    while True:
        try:
            async with await connect() as conn:
                for channel in wakes:
                    await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                attempt = 0
                watch.troubled.discard("listen")
                for wake in wakes.values():
                    wake.set()
                async for notice in conn.notifies():
                    wakes[notice.channel].set()
        except (psycopg.Error, OSError) as error:
            attempt += 1
            await _trouble("listen", error, attempt, watch)


async def _trouble(name: str, error: Exception, attempt: int, watch: Watch) -> None:
    watch.troubled.add(name)
    watch.metrics.trouble.labels(name).inc()
    log.warning("loop_failed", loop=name, attempt=attempt, error=str(error))
    await asyncio.sleep(backoff(attempt, watch.rng, first=_FIRST, most=_MOST))
