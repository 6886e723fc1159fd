"""What every page of the office begins with and ends in."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from schemas.directory import Role
from stations.console.context import Console, console
from stations.console.guard import checked_form, member
from stations.console.pages import Reader
from stations.deed import Actor
from stations.refused import Refused
from store import console_audit
from store.console_sessions import Session

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class Room:
    """A request of somebody who may make it. `now`: the store's time."""

    request: Request
    app: Console
    session: Session
    reader: Reader
    now: datetime

    @property
    def actor(self) -> Actor:
        return Actor(self.session.staff, self.session.station)

    @property
    def on_desk(self) -> bool:
        """Whether names of the own people are theirs to see."""
        return self.session.role == Role.DUTY

    async def form(self) -> FormData:
        """The fields of a form that our own page sent; 403 otherwise."""
        return await checked_form(self.request, self.session)

    async def audit(
        self,
        conn: Connection,
        action: str,
        subject: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """On record before it is shown, or with what it changed."""
        await console_audit.record(
            conn, at=self.now, staff=self.session.staff, action=action, subject=subject,
            detail=detail,
        )  # fmt: skip

    def page(self, template: str, *, notice: str = "", **values: object) -> Response:
        """The page; with a `notice` it says why something was refused (409)."""
        return self.app.pages.page(
            self.request,
            f"office/{template}",
            status=409 if notice else 200,
            session=self.session,
            now=self.now,
            notice=notice,
            **values,
        )

    async def said(self, do: Callable[[Connection], Awaitable[None]]) -> str:
        """Do it in one transaction; why it was refused in the reader's words, "" if it was done.
        404 for what never was the station's."""
        try:
            async with self.app.connection() as conn:
                await do(conn)
        except Refused as refusal:
            if refusal.code == "not_reached":
                raise HTTPException(404) from refusal
            sentence: str = getattr(refusal.sentence, self.reader.words.language)
            return sentence
        return ""


async def enter(request: Request, *roles: Role) -> Room:
    """401 without a session, 403 for other roles."""
    session = await member(request, *roles)
    app = console(request)
    return Room(request, app, session, app.pages.reader(request), await app.clock())
