"""The store looked after beside the stations, in a thread of its own.

Every copy does so; the store lets one at a time. What fails is said and tried again: nothing else
waits for it.
"""

import asyncio

import psycopg
import structlog

from store.connect import connect
from store.maintain import Report, maintain
from store.metrics import StoreMetrics
from store.settings import StoreSettings
from vigil.clock import SystemClock

logger = structlog.get_logger(__name__)


async def keep_up(settings: StoreSettings, clock: SystemClock, metrics: StoreMetrics) -> None:
    """Until cancelled; a run that is under way then is left to end."""
    while True:
        try:
            report = await asyncio.to_thread(_once, settings, clock)
        except psycopg.Error as error:
            metrics.upkeep_failures.inc()
            logger.warning("the store could not be looked after", error=str(error))
        else:
            metrics.upkeep_done(clock.now())
            if report:
                logger.debug("looked after the store", **report._asdict())
        await asyncio.sleep(settings.maintain_s)


def _once(settings: StoreSettings, clock: SystemClock) -> Report:
    with connect(settings.dsn, application="vigil upkeep") as connection:
        return maintain(connection, settings, now=clock.now())
