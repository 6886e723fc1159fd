"""GET /leave: what a worker sees before they go: what is still in their hands, and what they have
to say to whoever comes next. The going itself is POST /logout.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stations.console.context import console
from stations.console.guard import worker


async def page(request: Request) -> Response:
    session = await worker(request)
    app = console(request)
    board = await app.hub.board(session.station)
    held = sum(incident.holder == session.staff for incident in board.incidents)
    return app.pages.page(request, "leave.html", session=session, held=held)


routes = [Route("/leave", page)]
