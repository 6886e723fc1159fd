"""POST /homes/{home}/incidents: somebody called (12349) or stands at the door, and no device said
so. The worker makes it an incident, which takes the way of every other.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.alerts import Severity
from stations import by_hand
from stations.console.actions import note_of
from stations.console.board import show_board
from stations.console.context import console
from stations.console.guard import checked_form, worker
from stations.deed import Actor
from stations.refused import Refused
from store import console_scope


async def enter(request: Request) -> Response:
    """With `severity` (red or orange) and `note`; leads to the board, where it appears. 404 for a
    home that does not lie under the worker's station: an incident shows who lives there."""
    session = await worker(request)
    form = await checked_form(request, session)
    app, home = console(request), request.path_params["home"]
    try:
        severity = Severity(str(form.get("severity")))
    except ValueError:
        raise HTTPException(400) from None
    actor, now = Actor(session.staff, session.station), await app.clock()
    try:
        async with app.connection() as conn:
            if not await console_scope.holds(conn, session.station, home):
                raise HTTPException(404)
            await by_hand.open_by_hand(
                conn, home, actor, now, severity=severity, note=note_of(form)
            )
    except Refused as refused:
        said = app.pages.words(request).of(refused.sentence)
        return await show_board(request, session, status=409, notice=said)
    return RedirectResponse("/", 303)


routes = [Route("/homes/{home}/incidents", enter, methods=["POST"])]
