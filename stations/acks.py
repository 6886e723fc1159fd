"""Answers on `vigil/v1/station/{station}/acks`, as station terminals publish them.

What cannot be understood or is refused is recorded and changes nothing. Each answer counts once,
however many copies hear it: the same bytes within ten seconds are the same answer. An answer to a
card that went ahead of the store (`"stored": false`) waits until the alert is stored.
"""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal
from uuid import UUID

import structlog
from psycopg import AsyncConnection
from pydantic import ValidationError

from schemas import topics
from schemas.wire import Ack
from stations import work
from stations.deed import Action, Actor
from stations.policy import DEFAULT, Policy
from stations.refused import Refused
from store import stations_acks, stations_events
from store.stations_events import Event

log = structlog.get_logger(__name__)

Result = Literal["done", "refused", "repeated", "unreadable", "early"]

_LIMIT = 4096  # bytes; a real answer has about 150
_SAME_WITHIN = timedelta(seconds=10)
_PATIENCE = timedelta(minutes=30)
"""How long an answer waits for its alert: ingest catches up after an outage before this."""


async def answer(
    conn: AsyncConnection, topic: str, payload: bytes, now: datetime, policy: Policy = DEFAULT
) -> Result:
    """Do what an answer says, in one transaction. Raises only what the store raises."""
    station = topics.station_of(topic)
    ack = read(payload)
    if station is None or ack is None:
        log.warning("ack_unreadable", topic=topic[:200], size=len(payload))
        return "unreadable"
    digest = blake2b(topic.encode() + b"\n" + payload, digest_size=16).digest()
    try:
        async with conn.transaction():
            if not await stations_acks.first_time(conn, digest, now, window=_SAME_WITHIN):
                return "repeated"
            alert = UUID(ack.alert)
            incident = await stations_acks.incident_of(conn, alert)
            if incident is None:
                kept = await stations_acks.keep_early(conn, digest, alert, station, payload, now)
                if kept:
                    log.info("ack_waits_for_its_alert", station=station, alert=ack.alert)
                    return "early"
            await _act(conn, incident, ack, station, now, policy)
    except Refused as refused:
        await _record(conn, ack, station, refused, now)
        return "refused"
    return "done"


async def answer_early(
    conn: AsyncConnection, now: datetime, policy: Policy = DEFAULT
) -> list[Result]:
    """Do what early answers say whose alert is stored by now; refuse those that waited in vain.

    All that are taken are one transaction: where the store fails they wait on.
    """
    results: list[Result] = []
    async with conn.transaction():
        for early in await stations_acks.take_early(conn, now, patience=_PATIENCE):
            ack = Ack.model_validate_json(early.payload)
            try:
                async with conn.transaction():
                    await _act(conn, early.incident, ack, early.station, now, policy)
            except Refused as refused:
                await _record(conn, ack, early.station, refused, now)
                results.append("refused")
            else:
                results.append("done")
    return results


def read(payload: bytes) -> Ack | None:
    """The answer, or None for what is none."""
    if len(payload) > _LIMIT:
        return None
    try:
        return Ack.model_validate_json(payload)
    except ValidationError:
        return None


async def _act(
    conn: AsyncConnection,
    incident: UUID | None,
    ack: Ack,
    station: str,
    now: datetime,
    policy: Policy,
) -> None:
    if incident is None:
        raise Refused("not_reached")
    await work.act(
        conn,
        incident,
        Action(ack.action),
        Actor(ack.staff, station),
        now,
        outcome=ack.outcome,
        reached=ack.reached,
        to=ack.to,
        result=ack.result,
        policy=policy,
    )


async def _record(
    conn: AsyncConnection, ack: Ack, station: str, refused: Refused, now: datetime
) -> None:
    """Every copy hears it; only the first one records it."""
    detail = {"code": refused.code, "action": ack.action, "alert": ack.alert, "staff": ack.staff}
    log.warning("ack_refused", station=station, **detail)
    digest = blake2b(repr((station, detail)).encode(), digest_size=16).digest()
    async with conn.transaction():
        if not await stations_acks.first_time(conn, digest, now, window=_SAME_WITHIN):
            return
        incident = await stations_acks.incident_of(conn, UUID(ack.alert))
        event = Event(at=now, kind="ack_refused", incident=incident, station=station, detail=detail)
        await stations_events.record(conn, event)
