"""What a supervisor or an administrator sees first: what is open in their area, in figures."""

from starlette.requests import Request
from starlette.responses import Response

from schemas.directory import Role
from stations.console.office.room import enter
from store import console_figures


async def page(request: Request) -> Response:
    """GET / of other roles than the duty desk."""
    room = await enter(request, Role.SUPERVISOR, Role.ADMIN)
    async with room.app.connection() as conn:
        areas = await console_figures.by_area(conn, room.session.station, now=room.now)
    total = {
        "red": sum(area.red for area in areas),
        "orange": sum(area.orange for area in areas),
        "unheld": sum(area.unheld for area in areas),
        "tasks": sum(area.tasks for area in areas),
        "working": sum(area.working for area in areas),
    }
    return room.page("figures.html", areas=areas, total=total)
