"""The monthly report on the screen, and as files: CSV for other programs, one HTML page to print.

Counting runs off the event loop: a district's month must not hold up a page that rings.
"""

import asyncio
import re
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schemas.directory import Role
from stations.console.office.room import Room, enter
from stations.console.words import Language
from stations.report.build import Report, build
from stations.report.write import Line, of_group, to_csv, to_html
from store import console_scope
from store.stations_report import Area

_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


async def page(request: Request) -> Response:
    """GET /reports?area=&month=: this month of the station's own area if left out."""
    room = await enter(request, *Role)
    asked = request.query_params
    month = asked.get("month") or f"{room.now.astimezone(room.reader.zone):%Y-%m}"
    async with room.app.connection() as conn:
        places = await console_scope.places(conn, room.session.station)
    names = {place.area: place for place in places}
    report = await _report(room, asked.get("area") or places[0].area, month)
    language = room.reader.words.language
    sections = await asyncio.to_thread(_in_words, report, language)
    return room.page(
        "reports.html", report=report, sections=sections, names=names, month=month,
        area=report.sections[0].area.id,
    )  # fmt: skip


async def as_csv(request: Request) -> Response:
    """GET /reports/{area}/{month}.csv."""
    return await _file(request, "text/csv", lambda report, _: to_csv(report))


async def as_html(request: Request) -> Response:
    """GET /reports/{area}/{month}.html."""
    return await _file(
        request, "text/html", lambda report, room: to_html(report, room.reader.words.language)
    )


async def _file(request: Request, kind: str, write: Callable[[Report, Room], str]) -> Response:
    room = await enter(request, *Role)
    area, month = request.path_params["area"], request.path_params["month"]
    report = await _report(room, area, month)
    text = await asyncio.to_thread(write, report, room)
    name = f"vigil-{area}-{month}.{kind.removeprefix('text/')}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.encode(), media_type=kind, headers=headers)


def _in_words(
    report: Report, language: Language
) -> list[tuple[Area, list[tuple[str, list[Line]]]]]:
    return [(section.area, of_group(section, language)) for section in report.sections]


async def _report(room: Room, area: str, month: str) -> Report:
    """404 for an area that does not lie under the reader's, 400 for a month that is none."""
    if not _MONTH.fullmatch(month):
        raise HTTPException(400)
    async with room.app.connection() as conn:
        if not await console_scope.covers(conn, room.session.station, area):
            raise HTTPException(404)
        return await build(conn, area=area, month=month)


routes = [
    Route("/reports", page),
    Route("/reports/{area}/{month}.csv", as_csv),
    Route("/reports/{area}/{month}.html", as_html),
]
