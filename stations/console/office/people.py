"""Finding elders and homes. What is typed is personal data: it comes by POST, so that it stands in
no address, history or log, and never goes on record itself.

The desk finds its own people and those of incidents that have reached it. Everybody else under its
area is found by exact id, without a name; with a stated reason, which goes on record with the look,
names are shown, to the desk and to supervisors.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schemas.directory import Role
from stations.console.cards import tel
from stations.console.office import fields
from stations.console.office.room import Room, enter
from store import console_people
from store.console_people import Found

_SHORTEST_REASON = 4


async def page(request: Request) -> Response:
    """GET /people: the empty form."""
    return (await enter(request, *Role)).page("people.html", found=None, word="", named=False)


async def search(request: Request) -> Response:
    """POST /people with `word`, and `reason` for names outside the own people."""
    room = await enter(request, *Role)
    form = await room.form()
    word, reason = fields.line(form, "word"), fields.line(form, "reason")
    if not word:
        return await page(request)
    if reason and len(reason) < _SHORTEST_REASON:
        notice = room.reader.words("people.reason_short")
        return room.page("people.html", notice=notice, found=None, word=word, named=False)
    found, named = await _find(room, word, reason)
    return room.page(
        "people.html", found=found, word=word, named=named, tel=tel, most=console_people.MOST
    )


async def _find(room: Room, word: str, reason: str) -> tuple[list[Found], bool]:
    """Whom, and whether by name; on record before it is shown."""
    station, reasoned = room.session.station, bool(reason) and room.session.role != Role.ADMIN
    async with room.app.connection() as conn:
        if reasoned:
            found = await console_people.anywhere_below(conn, station, word)
        elif room.on_desk and (found := await console_people.known(conn, station, word)):
            pass
        else:
            return await console_people.by_id(conn, station, word), False
        detail: dict[str, object] = {"elders": [one.id for one in found]}
        if reasoned:
            detail["reason"] = reason
        await room.audit(conn, "people.reasoned" if reasoned else "people.view", station, detail)
    return found, True


routes = [Route("/people", page), Route("/people", search, methods=["POST"])]
