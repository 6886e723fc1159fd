"""Tasks: what waits for the next covered hour. The desk takes and ends them and logs its care
calls; other roles see how many there are, and how old."""

from collections.abc import Awaitable, Callable
from itertools import groupby
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.directory import Role
from stations import task_work
from stations.console.cards import tel
from stations.console.office import fields
from stations.console.office.room import Connection, Room, enter
from stations.deed import CallResult
from store import console_tasks

_SORTS = ("care", "visit_due", "device", "outage", "channel_failed")
"""In the order in which they are done: people before things."""


async def page(request: Request) -> Response:
    """GET /tasks."""
    room = await enter(request, *Role)
    if room.on_desk:
        return await _show(room)
    async with room.app.connection() as conn:
        counts = await console_tasks.counts(conn, room.session.station)
    areas = [list(rows) for _, rows in groupby(counts, lambda count: count.area)]
    return room.page("task_figures.html", areas=areas)


async def _show(room: Room, *, notice: str = "") -> Response:
    async with room.app.connection() as conn:
        tasks = await console_tasks.of_station(conn, room.session.station)
        named = [str(task.id) for task in tasks if task.address or task.elder_name]
        if named:
            await room.audit(conn, "tasks.view", room.session.station, {"tasks": named})
    groups = [(sort, [t for t in tasks if t.sort == sort]) for sort in _SORTS]
    return room.page(
        "tasks.html",
        notice=notice,
        groups=[(sort, of) for sort, of in groups if of],
        results=list(CallResult),
        tel=tel,
    )


async def finish(request: Request) -> Response:
    """POST /tasks/{task}/done with `note`."""
    room = await enter(request, Role.DUTY)
    task, text = _task(request), fields.note(await room.form())
    return await _do(room, lambda conn: task_work.finish(conn, task, room.actor, room.now, text))


async def take(request: Request) -> Response:
    """POST /tasks/{task}/take."""
    room = await enter(request, Role.DUTY)
    task, _ = _task(request), await room.form()
    return await _do(room, lambda conn: task_work.take(conn, task, room.actor, room.now))


async def call(request: Request) -> Response:
    """POST /tasks/{task}/call with `result` and `note`."""
    room = await enter(request, Role.DUTY)
    task, form = _task(request), await room.form()
    result, text = fields.line(form, "result"), fields.note(form)
    return await _do(
        room,
        lambda conn: task_work.log_call(conn, task, room.actor, room.now, result=result, note=text),
    )


async def _do(room: Room, do: Callable[[Connection], Awaitable[None]]) -> Response:
    if notice := await room.said(do):
        return await _show(room, notice=notice)
    await room.app.hub.refresh()
    return RedirectResponse("/tasks", 303)


def _task(request: Request) -> UUID:
    task: UUID = request.path_params["task"]
    return task


routes = [
    Route("/tasks", page),
    Route("/tasks/{task:uuid}/done", finish, methods=["POST"]),
    Route("/tasks/{task:uuid}/take", take, methods=["POST"]),
    Route("/tasks/{task:uuid}/call", call, methods=["POST"]),
]
