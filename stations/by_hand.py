"""An incident opened by a person, for what no device said: a 12349 call, a neighbour at the door.

It is an alert of rule `manual` and takes the way of every other: the home's one incident, its
ladder, its record. The station that opened it has it on its board from the first moment.
"""

from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection

from schemas.alerts import Category, Sentence, Severity, alert_id
from schemas.times import to_micros
from stations.deed import Actor
from stations.refused import Refused
from stations.work import check_actor
from store import stations_events, stations_intake
from store.stations_events import Event

RULE = "manual"
_REASON = Sentence(
    zh="值班员登记：有人来电或上门求助。", en="Entered by staff: somebody called or came for help."
)


async def open_by_hand(
    conn: AsyncConnection,
    home: str,
    actor: Actor,
    now: datetime,
    *,
    severity: Severity = Severity.RED,
    note: str | None = None,
) -> UUID:
    """The alert's id; intake makes or joins the incident at once. Refused where the home is not
    registered, for blue, and to who may not act. `note` stays on record, off the cards."""
    if severity == Severity.BLUE:
        raise Refused("severity_wrong")
    async with conn.transaction():
        await check_actor(conn, actor)
        alert = UUID(alert_id(RULE, f"home:{home}", to_micros(now)))
        made = await stations_intake.raise_by_hand(
            conn,
            alert,
            rule=RULE,
            home=home,
            severity=severity,
            category=Category.EMERGENCY if severity == Severity.RED else Category.CARE,
            reason=_REASON.model_dump(),
            station=actor.station,
            now=now,
        )
        if not made:
            raise Refused("no_home")
        detail = {} if note is None else {"note": note}
        event = Event(
            at=now, kind="opened_by_hand", alert=alert, staff=actor.staff, station=actor.station,
            detail=detail,
        )  # fmt: skip
        await stations_events.record(conn, event)
    return alert
