"""The outbox goes out: one loop a channel, so that none waits for another; at least once.

A delivery that fails comes again with doubling waits: until it is sent, made needless by a newer
one for the same receiver, or given up. What is given up stays on record and becomes a task.
"""

import asyncio
from datetime import datetime, timedelta
from random import Random

import structlog
from psycopg import AsyncConnection

from stations.backoff import backoff
from stations.channels.base import Channel, Message, SendError, Undeliverable
from stations.dead_letters import bury
from stations.metrics import Metrics
from store import stations_outbox
from store.stations_clock import Clock
from store.stations_outbox import Delivery

log = structlog.get_logger(__name__)

_AT_ONCE = 256
_SEND_WITHIN = 15.0  # seconds; less than the lease, so that a slow send is not sent twice
_LEASE = timedelta(seconds=30)
_RETRY_FIRST, _RETRY_MOST = 0.5, 30.0  # seconds
_MINUTE = timedelta(seconds=60)


async def send_due(
    conn: AsyncConnection, channel: Channel, *, clock: Clock, rng: Random, metrics: Metrics
) -> int:
    """Claim what is due on one channel, send it, and note what came of it; how many were tried."""
    now = await clock(conn)
    claimed = await stations_outbox.claim(
        conn, channel.name, now=now, lease=_LEASE, limit=await _room(conn, channel, now)
    )
    if not claimed:
        return 0
    errors = await asyncio.gather(*(_send(channel, d, now) for d in claimed))
    now = await clock(conn)
    sent = [d.id for d, error in zip(claimed, errors, strict=True) if error is None]
    await stations_outbox.sent(conn, sent, now)
    metrics.sent.labels(channel.name).inc(len(sent))
    for delivery, error in zip(claimed, errors, strict=True):
        if error is not None:
            metrics.failed.labels(channel.name).inc()
            await _failed(conn, channel, delivery, error, now=now, rng=rng, metrics=metrics)
    return len(claimed)


async def next_due(conn: AsyncConnection, channel: Channel, now: datetime) -> datetime | None:
    """When the channel has something to send that it may send; None while nothing waits."""
    due = await stations_outbox.next_due(conn, channel.name)
    if due is None or channel.per_minute is None:
        return due
    count, first = await stations_outbox.tried(conn, channel.name, now - _MINUTE)
    if first is None or count < channel.per_minute:
        return due
    return max(due, first + _MINUTE)


async def _room(conn: AsyncConnection, channel: Channel, now: datetime) -> int:
    """How many may go now. Copies that ask at the same moment may overstep a limit once."""
    if channel.per_minute is None:
        return _AT_ONCE
    count, _ = await stations_outbox.tried(conn, channel.name, now - _MINUTE)
    return min(_AT_ONCE, max(0, channel.per_minute - count))


async def _send(channel: Channel, delivery: Delivery, at: datetime) -> SendError | None:
    """None if it was taken, else what went wrong."""
    message = Message(str(delivery.id), delivery.target, delivery.payload, at)
    try:
        async with asyncio.timeout(_SEND_WITHIN):
            await channel.send(message)
    except SendError as error:
        return error
    except TimeoutError:
        return SendError(f"not taken within {_SEND_WITHIN:g} s")
    return None


async def _failed(
    conn: AsyncConnection,
    channel: Channel,
    delivery: Delivery,
    error: SendError,
    *,
    now: datetime,
    rng: Random,
    metrics: Metrics,
) -> None:
    """Later again, or given up."""
    old = channel.gives_up is not None and now - delivery.created_at >= channel.gives_up
    if old or isinstance(error, Undeliverable):
        metrics.dead.labels(channel.name).inc()
        await bury(conn, channel.name, delivery, error=str(error), now=now)
        return
    wait = backoff(delivery.attempts, rng, first=_RETRY_FIRST, most=_RETRY_MOST)
    retry_at = now + timedelta(seconds=wait)
    await stations_outbox.failed(conn, delivery.id, error=str(error), retry_at=retry_at, now=now)
    log.warning(
        "delivery_failed", delivery=delivery.id, attempts=delivery.attempts, error=str(error)
    )
