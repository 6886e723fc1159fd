"""The audit trail of a day: who looked at what, and why. Ids only, of the staff under the
reader's area.

For administrators and supervisors; reading it is on record as well.
"""

from datetime import datetime, time, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schemas.directory import Role
from stations.console.office import fields
from stations.console.office.room import enter
from store import console_staff

MOST = 500


async def page(request: Request) -> Response:
    """GET /audit?day=&reasoned=1: today if left out; looks with a stated reason only."""
    room = await enter(request, Role.SUPERVISOR, Role.ADMIN)
    zone, asked = room.reader.zone, request.query_params
    day = fields.day(asked.get("day")) or room.now.astimezone(zone).date()
    start = datetime.combine(day, time(), zone)
    reasoned = asked.get("reasoned") == "1"
    async with room.app.connection() as conn:
        entries = await console_staff.trail(
            conn,
            room.session.station,
            since=start,
            until=datetime.combine(day + timedelta(days=1), time(), zone),
            reasoned=reasoned,
            most=MOST,
        )
        await room.audit(conn, "audit.view", room.session.station, {"day": day.isoformat()})
    return room.page("audit.html", entries=entries, day=day, reasoned=reasoned, most=MOST)


routes = [Route("/audit", page)]
