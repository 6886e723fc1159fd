"""The board: what is open at the worker's own station.

Figures alone for other roles: names are for those who answer. Every page with names is audited.
"""

from datetime import datetime, timedelta
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from schemas.directory import Role
from stations.console.boards import Board
from stations.console.context import Console, console
from stations.console.events import event_id
from stations.console.guard import signed_in, worker
from stations.console.office import figures
from stations.console.pages import Reader
from store import console_audit, stations_duty
from store.console_sessions import Session

_SAID_FOR = timedelta(hours=12)
"""So long a board shows what the last shift had to say."""


async def board_page(request: Request) -> Response:
    """GET /."""
    session = await signed_in(request)
    if session is None:
        raise HTTPException(401)
    if session.role != Role.DUTY:
        return await figures.page(request)
    return await show_board(request, session)


async def alive(request: Request) -> Response:
    """GET /session: 204 while signed in, else 401. A page asks it when its stream is refused."""
    await worker(request)
    return Response(status_code=204)


async def show_board(
    request: Request, session: Session, *, status: int = 200, notice: str = ""
) -> Response:
    """The whole page, and the audit of it."""
    app = console(request)
    await app.hub.refresh(session.station)
    board = await app.hub.board(session.station)
    await _audit(app, session, board)
    async with app.connection() as conn:
        said = await stations_duty.handover(conn, session.station, await app.clock() - _SAID_FOR)
    reader = app.pages.reader(request)
    return app.pages.page(
        request,
        "board.html",
        status=status,
        session=session,
        notice=notice,
        after=event_id(app, board.step),
        cards=[app.card(shown, session, reader) for shown in board.shown],
        tasks=app.tasks(board, session, reader),
        tasks_count=len(board.tasks),
        handover=said,
        now=app.hub.now(),
        **_by_severity(board),
    )


def card_of(
    app: Console, board: Board, incident: UUID, session: Session, reader: Reader
) -> str | None:
    """The card as it stands; None where it is no longer on the board."""
    shown = board.cards.get(incident)
    return app.card(shown, session, reader) if shown else None


def _by_severity(board: Board) -> dict[str, int]:
    severities = [incident.severity for incident in board.incidents if not incident.test]
    return {severity: severities.count(severity) for severity in ("red", "orange")}


async def _audit(app: Console, session: Session, board: Board) -> None:
    now: datetime = await app.clock()
    async with app.connection() as conn:
        await console_audit.record(
            conn,
            at=now,
            staff=session.staff,
            action="board.view",
            subject=session.station,
            detail={
                "incidents": [str(incident.id) for incident in board.incidents],
                "tasks": [str(task.id) for task in board.tasks],
            },
        )
