"""The rules in words, with what each said this week under the station's area. Figures alone."""

from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schemas.directory import Role
from stations.console.office.room import enter
from store import console_rules
from store.console_rules import Fired

WEEK = timedelta(days=7)


async def page(request: Request) -> Response:
    """GET /rules."""
    room = await enter(request, *Role)
    async with room.app.connection() as conn:
        fired = await console_rules.fired(
            conn, room.session.station, since=room.now - WEEK, until=room.now
        )
    counted = {one.rule: one for one in fired}
    known = {rule.id for rule in room.app.reference.rules}
    nothing = Fired("", 0, 0, 0, 0, 0)
    rows = [(rule, counted.get(rule.id, nothing)) for rule in room.app.reference.rules]
    others = [one for one in fired if one.rule not in known]
    return room.page("rules.html", rows=rows, others=others)


async def explained(request: Request) -> Response:
    """GET /rules/{rule}: what it judges, raises and clears, with its figures."""
    room = await enter(request, *Role)
    asked = request.path_params["rule"]
    rule = next((one for one in room.app.reference.rules if one.id == asked), None)
    if rule is None:
        raise HTTPException(404)
    return room.page("rule.html", rule=rule)


routes = [Route("/rules", page), Route("/rules/{rule}", explained)]
