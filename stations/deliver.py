"""The outbox goes out: one loop a channel, so that none waits for another; at least once.

A delivery that fails comes again with doubling waits, without end: a card is either sent or made
needless by a newer one for the same station.
"""

import asyncio
from datetime import datetime, timedelta
from random import Random

import structlog
from psycopg import AsyncConnection

from stations.backoff import backoff
from stations.channels.base import Channel, SendError
from stations.metrics import Metrics
from store import stations_outbox
from store.stations_clock import Clock
from store.stations_outbox import Delivery

log = structlog.get_logger(__name__)

_AT_ONCE = 64
_SEND_WITHIN = 15.0  # seconds; less than the lease, so that a slow send is not sent twice
_LEASE = timedelta(seconds=30)
_RETRY_FIRST, _RETRY_MOST = 0.5, 30.0  # seconds


async def send_due(
    conn: AsyncConnection, channel: Channel, *, clock: Clock, rng: Random, metrics: Metrics
) -> int:
    """Claim what is due on one channel, send it, and note what came of it; how many were tried."""
    claimed = await stations_outbox.claim(
        conn, channel.name, now=await clock(conn), lease=_LEASE, limit=_AT_ONCE
    )
    if not claimed:
        return 0
    errors = await asyncio.gather(*(_send(channel, d) for d in claimed))
    now = await clock(conn)
    sent = [d.id for d, error in zip(claimed, errors, strict=True) if error is None]
    await stations_outbox.sent(conn, sent, now)
    metrics.sent.labels(channel.name).inc(len(sent))
    for delivery, error in zip(claimed, errors, strict=True):
        if error is not None:
            metrics.failed.labels(channel.name).inc()
            await _retry(conn, delivery, error, now=now, rng=rng)
    return len(claimed)


async def _send(channel: Channel, delivery: Delivery) -> str | None:
    """None if it was taken, else what went wrong."""
    try:
        async with asyncio.timeout(_SEND_WITHIN):
            await channel.send(delivery.target, delivery.payload, key=str(delivery.id))
    except SendError as error:
        return str(error)
    except TimeoutError:
        return f"not taken within {_SEND_WITHIN:g} s"
    return None


async def _retry(
    conn: AsyncConnection, delivery: Delivery, error: str, *, now: datetime, rng: Random
) -> None:
    wait = backoff(delivery.attempts, rng, first=_RETRY_FIRST, most=_RETRY_MOST)
    retry_at = now + timedelta(seconds=wait)
    await stations_outbox.failed(conn, delivery.id, error=error, retry_at=retry_at, now=now)
    log.warning("delivery_failed", delivery=delivery.id, attempts=delivery.attempts, error=error)
