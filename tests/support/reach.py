"""Everybody who could be signed in to the console of the test town, and something of everything in
its east community for them to try to reach."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import httpx

from schemas.alerts import Category, Severity
from schemas.directory import Role
from stations.console import sessions
from stations.console.office import ladder_form
from stations.console.settings import ConsoleSettings
from stations.ladder import Ladder
from tests.support.desk import Desk, change

STATIONS = ("city", "district", "street", "east", "west")
ABOVE = ("city", "district", "street")
NAMES = {
    "east": ("老人1", "老人3", "幸福路1号", "幸福路3号", "女儿1", "女儿3"),
    "west": ("老人2", "老人4", "幸福路2号", "幸福路4号", "女儿2", "女儿4"),
}
"""Of the people whose nearest station is the one named."""

_FINGERPRINT = " || ".join(
    f"coalesce((SELECT md5(string_agg(x::text, '' ORDER BY x::text)) FROM {table} x), '')"
    for table in (
        "alert", "incident", "incident_station", "task", "alert_event", "mute", "test_mode", "away",
        "device", "quarantine", "ignored_device", "visit", "staff", "duty", "duty_date", "shift",
        "ladder_change",
    )
)  # fmt: skip


class Who(NamedTuple):
    """Somebody of a role at a station; `staff` is their id."""

    role: Role
    station: str

    @property
    def staff(self) -> str:
        return f"{self.station}-1" if self.role is Role.DUTY else f"{self.station}-{self.role}"


EVERYBODY = tuple(Who(role, station) for role in Role for station in STATIONS)


class Asked(NamedTuple):
    """A request: the path with its ids, and the form's fields without the token."""

    path: str
    fields: Mapping[str, str] = {}


class Town:
    """A desk with everybody signed in. Each `make` puts a subject of the east's there anew."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._clients: dict[Who, tuple[httpx.AsyncClient, str]] = {}
        self._count = 0

    async def open(self) -> None:
        for who in EVERYBODY:
            if who.role is not Role.DUTY:
                await self.sql(
                    "INSERT INTO staff (id, name, station, role) VALUES (%s, %s, %s, %s)",
                    who.staff, f"{who.station}的{who.role}", who.station, who.role,
                )  # fmt: skip
            self._clients[who] = await self._session(who)

    async def _session(self, who: Who) -> tuple[httpx.AsyncClient, str]:
        async with self.desk.pool.connection() as conn:
            token = await sessions.create(
                conn, staff=who.staff, old=None, now=self.desk.now, settings=ConsoleSettings()
            )
        client = self.desk.client()
        client.cookies.set("vigil", token, domain="desk.test", path="/")
        rows = await self.desk.rows(
            "SELECT csrf FROM console_session WHERE staff = %s ORDER BY created_at DESC", who.staff
        )
        return client, str(rows[0][0])

    async def ask(
        self, who: Who | None, method: str, asked: Asked, *, csrf: str | None = None
    ) -> httpx.Response:
        """As that person's browser would; None: nobody's. `csrf` instead of their own token."""
        client, token = self._clients[who] if who else (self.desk.client(), "")
        if method == "GET":
            return await client.get(asked.path)
        fields = {**asked.fields, "csrf": token if csrf is None else csrf}
        return await client.post(asked.path, data=fields)

    async def renew(self, who: Who) -> None:
        """Signed in anew, after a request that ended sessions."""
        self._clients[who] = await self._session(who)

    async def fingerprint(self) -> str:
        """Of everything that the console can change, but sessions and the audit trail."""
        rows = await self.desk.rows(f"SELECT md5({_FINGERPRINT})")
        return str(rows[0][0])

    async def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        async with self.desk.pool.connection() as conn:
            cursor = await conn.execute(query.encode(), values)
            return await cursor.fetchall() if cursor.description else []

    # Subjects, each in the east

    async def incident(self) -> UUID:
        """Of h1, open, nobody's, reached by the east alone, whatever was tried before."""
        await self.sql("DELETE FROM alert_change")
        await self.sql("UPDATE incident SET state = 'closed', due_at = NULL")
        self.desk.passes(1)
        await self.desk.raised(change("h1", at=self.desk.now))
        ((id_,),) = await self.sql("SELECT id FROM incident WHERE state <> 'closed'")
        return UUID(str(id_))

    async def task(self) -> UUID:
        """Of h3: a silent device."""
        self.desk.passes(1)
        silent = change(
            "h3", at=self.desk.now, rule="device-silent", severity=Severity.BLUE,
            category=Category.DEVICE,
        )  # fmt: skip
        await self.desk.raised(silent)
        ((id_,),) = await self.sql("SELECT id FROM task ORDER BY opened_at DESC LIMIT 1")
        return UUID(str(id_))

    async def mute(self) -> int:
        """Of e1's care rules."""
        ((id_,),) = await self.sql(
            "INSERT INTO mute (scope, subject, rule, reason, author, starts, expires) VALUES"
            " ('elder', 'e1', 'care', 'x', 'east-1', %s, %s + INTERVAL '1 day') RETURNING id",
            self.desk.now, self.desk.now,
        )  # fmt: skip
        return int(id_)

    async def away(self) -> str:
        await self.sql("DELETE FROM away")
        self.desk.passes(1)
        await self.sql(
            "INSERT INTO away (elder, starts, until, reason, author)"
            " VALUES ('e1', %s - INTERVAL '1 hour', %s + INTERVAL '1 day', 'x', 'east-1')",
            self.desk.now, self.desk.now,
        )  # fmt: skip
        return "e1"

    async def stranger(self) -> str:
        """Behind g1, which the registry knows."""
        self._count += 1
        device = f"new{self._count}"
        await self.sql(
            "INSERT INTO quarantine (received, key, topic, payload, area, gateway_id, device_id,"
            " code, reason, flags, profile) VALUES (%s, %s, 't', '', '330105001001', 'g1', %s,"
            " 'unknown_device', 'r', 0, 'canonical')",
            self.desk.now, self._count, device,
        )  # fmt: skip
        return device

    async def colleague(self) -> str:
        """Somebody of the east who is not signed in."""
        self._count += 1
        staff = f"temp{self._count}"
        await self.sql(
            "INSERT INTO staff (id, name, station, role) VALUES (%s, '临时', 'east', 'duty')", staff
        )
        return staff


Made = Callable[[Town], Awaitable[Asked]]
"""What is asked of a route, once what it is about is there."""


def fixed(path: str, **fields: str) -> Made:
    async def made(_: Town) -> Asked:
        return Asked(path, fields)

    return made


def incident(path: str = "/incidents/{}", **fields: str) -> Made:
    async def made(town: Town) -> Asked:
        return Asked(path.format(await town.incident()), fields)

    return made


def task(path: str, **fields: str) -> Made:
    async def made(town: Town) -> Asked:
        return Asked(path.format(await town.task()), fields)

    return made


def stranger(path: str, **fields: str) -> Made:
    async def made(town: Town) -> Asked:
        return Asked(path, {"gateway": "g1", "device": await town.stranger(), **fields})

    return made


def colleague(path: str, **fields: str) -> Made:
    async def made(town: Town) -> Asked:
        return Asked(path.format(await town.colleague()), fields)

    return made


async def retired(town: Town) -> Asked:
    staff = await town.colleague()
    await town.sql("UPDATE staff SET retired_at = now() WHERE id = %s", staff)
    return Asked(f"/staff/{staff}/return")


def ladder(path: str) -> Made:
    async def made(town: Town) -> Asked:
        ((version,),) = await town.sql("SELECT coalesce(max(version), 0) FROM ladder_change")
        said = ladder_form.shown(Ladder()) | {"why": "旺季", "version": str(version)}
        return Asked(path, said)

    return made


async def mute(town: Town) -> Asked:
    return Asked(f"/quiet/mutes/{await town.mute()}/end")


async def away(town: Town) -> Asked:
    return Asked("/quiet/away/end", {"elder": await town.away()})


async def telephone(town: Town) -> Asked:
    town.desk.passes(1)
    return Asked("/homes/h1/incidents", {"severity": "orange", "note": "来电"})


async def with_everything(town: Town) -> None:
    for make in (town.incident, town.task, town.mute, town.away, town.stranger):
        await make()
