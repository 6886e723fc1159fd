"""Every route as every role from every station: who reaches what, what stays out of sight, and that
a refused request changed nothing. A route that stands in no table here fails the test.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import unquote

import httpx
import pytest
import structlog
from starlette.routing import Mount, Route

from schemas.alerts import Sentence
from schemas.directory import Role
from stations import initials
from stations.console.reference import Reference, RuleText
from stations.console.security import HEADERS
from tests.support.desk import desk
from tests.support.reach import (
    ABOVE,
    EVERYBODY,
    NAMES,
    Asked,
    Made,
    Town,
    Who,
    away,
    colleague,
    fixed,
    incident,
    ladder,
    mute,
    retired,
    stranger,
    task,
    telephone,
    with_everything,
)
from tests.support.registry import EAST

DUTY, SUPERVISOR, ADMIN = Role.DUTY, Role.SUPERVISOR, Role.ADMIN
REFERENCE = Reference(
    (RuleText("sos", Sentence(zh="求助", en="SOS"), Sentence(zh="紧急", en="Emergency"), ()),),
    ("canonical",),
)


class Reach(NamedTuple):
    """`roles` may use the route at all (others: 403). What it is about lies in the east: within
    `stations` it is reached, elsewhere it does not exist (404). `names`: the answer to the east's
    own desk may name its people."""

    made: Made
    roles: tuple[Role, ...] = (DUTY,)
    stations: tuple[str, ...] = ("east",)
    names: bool = False

    def status(self, who: Who) -> int:
        """403, 404, or 0 for an answer."""
        if who.role not in self.roles:
            return 403
        return 0 if who.station in self.stations else 404


ANSWERS = (200, 204, 303, 409)
ALL = ("city", "district", "street", "east", "west")
UP = (*ABOVE, "east")
EVERY_ROLE = tuple(Role)
ADOPT = {
    "kind": "mattress", "profile": "canonical", "elder": "e1", "location": "bed",
    "interval_s": "30",
}  # fmt: skip
WEEKLY = {
    "staff": "east-1", "weekday": "Mon", "starts": "06:00", "ends": "07:00", "since": "2026-03-09",
}  # fmt: skip
OFF = {"day": "2026-03-05", "staff": "east-1"}

REACH: dict[tuple[str, str], Reach] = {
    ("GET", "/"): Reach(fixed("/"), EVERY_ROLE, ALL, names=True),
    ("GET", "/session"): Reach(fixed("/session"), (DUTY,), ALL),
    ("POST", "/shift"): Reach(fixed("/shift"), (DUTY,), ALL),
    ("GET", "/leave"): Reach(fixed("/leave"), (DUTY,), ALL),
    ("GET", "/password"): Reach(fixed("/password"), EVERY_ROLE, ALL),
    ("POST", "/password"): Reach(
        fixed("/password", old="x", new="a long new one", again="a long new one"), EVERY_ROLE, ALL
    ),
    ("POST", "/homes/{home}/incidents"): Reach(
        telephone, (DUTY,), UP
    ),
    ("GET", "/incidents/{incident:uuid}"): Reach(incident(), names=True),
    ("GET", "/incidents/{incident:uuid}/parts"): Reach(
        incident("/incidents/{}/parts"), names=True
    ),
    ("POST", "/incidents/{incident:uuid}"): Reach(incident(action="acknowledge"), names=True),
    ("POST", "/incidents/{incident:uuid}/calls"): Reach(
        incident("/incidents/{}/calls", contact="e1", result="no_answer"), names=True
    ),
    ("GET", "/elders/{elder}"): Reach(fixed("/elders/e1"), names=True),
    ("GET", "/elders/{elder}/parts"): Reach(fixed("/elders/e1/parts"), names=True),
    ("POST", "/elders/{elder}/quiet"): Reach(
        fixed("/elders/e1/quiet", kind="mute", minutes="60", reason="住院")
    ),
    ("POST", "/elders/{elder}/quiet/end"): Reach(
        fixed("/elders/e1/quiet/end", kind="mute", id="1")
    ),
    ("POST", "/tasks/{task:uuid}"): Reach(task("/tasks/{}"), names=True),
    ("GET", "/tasks"): Reach(fixed("/tasks"), EVERY_ROLE, ALL, names=True),
    ("POST", "/tasks/{task:uuid}/done"): Reach(task("/tasks/{}/done")),
    ("POST", "/tasks/{task:uuid}/take"): Reach(task("/tasks/{}/take")),
    ("POST", "/tasks/{task:uuid}/call"): Reach(task("/tasks/{}/call", result="busy")),
    ("GET", "/visits"): Reach(fixed("/visits"), EVERY_ROLE, ALL, names=True),
    ("POST", "/visits"): Reach(fixed("/visits", elder="e1")),
    ("GET", "/people"): Reach(fixed("/people"), EVERY_ROLE, ALL),
    ("POST", "/people"): Reach(fixed("/people", word="幸福"), EVERY_ROLE, ALL, names=True),
    ("GET", "/devices"): Reach(fixed("/devices"), EVERY_ROLE, ALL, names=True),
    ("POST", "/devices/test"): Reach(
        fixed("/devices/test", device="b1", minutes="10", reason="检修"), (DUTY, ADMIN), UP
    ),
    ("POST", "/devices/test/end"): Reach(
        fixed("/devices/test/end", device="b1"), (DUTY, ADMIN), UP
    ),
    ("POST", "/strangers/adopt"): Reach(
        stranger("/strangers/adopt", **ADOPT), (DUTY, ADMIN), UP
    ),
    ("POST", "/strangers/ignore"): Reach(
        stranger("/strangers/ignore", reason="邻居的"), (DUTY, ADMIN), UP
    ),
    ("POST", "/strangers/heed"): Reach(stranger("/strangers/heed"), (DUTY, ADMIN), UP),
    ("GET", "/quiet"): Reach(fixed("/quiet"), EVERY_ROLE, ALL),
    ("POST", "/quiet/mutes/{mute:int}/end"): Reach(mute, (DUTY, ADMIN), UP),
    ("POST", "/quiet/away/end"): Reach(away, (DUTY, ADMIN), UP),
    ("GET", "/duty"): Reach(fixed("/duty?station=east"), EVERY_ROLE, UP),
    ("POST", "/duty/{station}/dates/drop"): Reach(
        fixed("/duty/east/dates/drop", **OFF), (ADMIN,), UP
    ),
    ("POST", "/duty/{station}/dates"): Reach(fixed("/duty/east/dates", **OFF), (ADMIN,), UP),
    ("POST", "/duty/{station}/weekly"): Reach(
        fixed("/duty/east/weekly", **WEEKLY), (ADMIN,), UP
    ),
    ("POST", "/duty/{station}/weekly/end"): Reach(
        fixed("/duty/east/weekly/end", **WEEKLY, until="2026-03-30"), (ADMIN,), UP
    ),
    ("GET", "/reports"): Reach(fixed(f"/reports?area={EAST}&month=2026-03"), EVERY_ROLE, UP),
    ("GET", "/reports/{area}/{month}.csv"): Reach(
        fixed(f"/reports/{EAST}/2026-03.csv"), EVERY_ROLE, UP
    ),
    ("GET", "/reports/{area}/{month}.html"): Reach(
        fixed(f"/reports/{EAST}/2026-03.html"), EVERY_ROLE, UP
    ),
    ("GET", "/rules"): Reach(fixed("/rules"), EVERY_ROLE, ALL),
    ("GET", "/rules/{rule}"): Reach(fixed("/rules/sos"), EVERY_ROLE, ALL),
    ("GET", "/staff"): Reach(fixed("/staff"), (ADMIN,), ALL),
    ("POST", "/staff"): Reach(
        fixed("/staff", staff="east-9", name="新人", station="east", role="duty"), (ADMIN,), UP
    ),
    ("POST", "/staff/{staff}/role"): Reach(
        colleague("/staff/{}/role", role="supervisor"), (ADMIN,), UP
    ),
    ("POST", "/staff/{staff}/details"): Reach(
        colleague("/staff/{}/details", name="新名", phone="1", station="east"), (ADMIN,), UP
    ),
    ("POST", "/staff/{staff}/return"): Reach(retired, (ADMIN,), UP),
    ("POST", "/staff/{staff}/password"): Reach(
        colleague("/staff/{}/password", password="a long new one"), (ADMIN,), UP
    ),
    ("POST", "/staff/{staff}/retire"): Reach(colleague("/staff/{}/retire"), (ADMIN,), UP),
    ("POST", "/staff/{staff}/signout"): Reach(colleague("/staff/{}/signout"), (ADMIN,), UP),
    ("GET", "/ladder"): Reach(fixed("/ladder"), (SUPERVISOR, ADMIN), ALL),
    ("POST", "/ladder"): Reach(ladder("/ladder"), (ADMIN,), ("city",)),
    ("POST", "/ladder/reset"): Reach(ladder("/ladder/reset"), (ADMIN,), ("city",)),
    ("GET", "/audit"): Reach(fixed("/audit"), (SUPERVISOR, ADMIN), ALL),
}  # fmt: skip
"""Besides: a worker of the east sets its own calendar (below)."""

OPEN = {
    ("GET", "/login"), ("POST", "/login"), ("POST", "/logout"), ("GET", "/healthz"),
    ("GET", "/events"),
}  # fmt: skip
"""Without a role, or (the stream, which has no end) tried by tests of their own."""

OWN_CALENDAR = {
    ("POST", f"/duty/{{station}}/{what}")
    for what in ("dates", "dates/drop", "weekly", "weekly/end")
}


def expected(key: tuple[str, str], who: Who) -> int:
    if key in OWN_CALENDAR and who.role is DUTY:
        return 0 if who.station == "east" else 404
    return REACH[key].status(who)


def in_town(store: str, run: Callable[[Town], Awaitable[None]]) -> None:
    async def go() -> None:
        async with desk(store, reference=REFERENCE) as d:
            town = Town(d)
            await town.open()
            await run(town)

    asyncio.run(go())


def routes_of(town: Town) -> set[tuple[str, str]]:
    found = set()
    for route in town.desk.app.routes:
        if isinstance(route, Route):
            found |= {(m, route.path) for m in (route.methods or set()) - {"HEAD"}}
        else:
            assert isinstance(route, Mount)
            assert route.path == "/static"
    return found


def test_every_route_says_who_may_reach_it(store: str) -> None:
    async def run(town: Town) -> None:
        assert routes_of(town) == REACH.keys() | OPEN

    in_town(store, run)


def seen(answer: httpx.Response) -> set[str]:
    """The stations whose people an answer names."""
    return {s for s, names in NAMES.items() if any(name in answer.text for name in names)}


async def tried(town: Town, key: tuple[str, str], who: Who) -> list[str]:
    """What is wrong with the answer, in words."""
    reach, wanted = REACH[key], expected(key, who)
    asked = await reach.made(town)
    before = await town.fingerprint() if wanted and key[0] == "POST" else ""
    answer = await town.ask(who, key[0], asked)
    names = {who.station} if who.role is DUTY and reach.names and not wanted else set()
    wrong = [f"names people of {s}" for s in seen(answer) - names]
    if wanted != answer.status_code and (wanted or answer.status_code not in ANSWERS):
        wrong.append(f"is {answer.status_code} where {wanted or ANSWERS} was expected")
    if any(answer.headers.get(name) != value for name, value in HEADERS.items()):
        wrong.append("lacks a security header")
    if before and await town.fingerprint() != before:
        wrong.append("changed something though it was refused")
    return [f"{' '.join(key)} as {who.staff}: {what}" for what in wrong]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_route_as_every_role_of_every_station(store: str, method: str) -> None:
    async def run(town: Town) -> None:
        await with_everything(town)
        wrong = []
        for key in REACH:
            if key[0] == method:
                wrong += [w for who in EVERYBODY for w in await tried(town, key, who)]
        assert wrong == []

    in_town(store, run)


def test_nobody_and_forged_forms_reach_nothing(store: str) -> None:
    async def run(town: Town) -> None:
        for key, reach in REACH.items():
            asked = await reach.made(town)
            before = await town.fingerprint()
            answer = await town.ask(None, key[0], asked)
            assert answer.status_code in (401, 303), key
            assert answer.headers.get("location", "/login") == "/login", key
            if key[0] == "POST":
                near = "east" if "east" in reach.stations else reach.stations[0]
                who = Who(reach.roles[0], near)
                for token in ("", "guessed"):
                    answer = await town.ask(who, "POST", asked, csrf=token)
                    assert answer.status_code == 403, key
            assert await town.fingerprint() == before, key

    in_town(store, run)


def test_names_of_others_need_a_reason_which_is_on_record(store: str) -> None:
    async def run(town: Town) -> None:
        async with town.desk.pool.connection() as conn:
            assert await initials.fill(conn) == 8
        for who in EVERYBODY:
            asked = Asked("/people", {"word": "lr1", "reason": "12349 来电"})
            answer = await town.ask(who, "POST", asked)
            may = who.role is not ADMIN and who.station != "west"
            assert seen(answer) == ({"east"} if may else set()), who
            rows = await town.sql(
                "SELECT detail ->> 'reason', detail -> 'elders' FROM audit"
                " WHERE staff = %s AND action = 'people.reasoned'",
                who.staff,
            )
            if who.role is ADMIN:
                assert rows == []
            else:
                assert rows == [("12349 来电", ["e1"] if may else [])], who

    in_town(store, run)


def test_an_id_shows_no_name_and_a_short_reason_is_none(store: str) -> None:
    async def run(town: Town) -> None:
        for who in (Who(SUPERVISOR, "east"), Who(ADMIN, "east"), Who(DUTY, "street")):
            answer = await town.ask(who, "POST", Asked("/people", {"word": "b1"}))
            assert "e1" in answer.text, who
            assert "姓名未显示" in answer.text, who
            assert "老人1" not in answer.text, who
        short = Asked("/people", {"word": "老人1", "reason": "x"})
        answer = await town.ask(Who(SUPERVISOR, "east"), "POST", short)
        assert answer.status_code == 409
        assert seen(answer) <= {"east"}  # what was typed stands in the field again
        assert "幸福路" not in answer.text

    in_town(store, run)


def addresses(page: str) -> list[str]:
    """Where the page leads, by whatever attribute; telephone numbers apart."""
    found = re.findall(r'(?:href|action|src|content)="([^"]*)"', page)
    return [address for address in found if not address.startswith("tel:")]


def test_no_address_and_no_log_names_a_person(store: str, caplog: pytest.LogCaptureFixture) -> None:
    east = Who(DUTY, "east")
    words = {name for names in NAMES.values() for name in names} | {"0571-1000", "钥匙", "12349"}

    async def run(town: Town) -> None:
        await with_everything(town)
        asked = [(key[0], await reach.made(town)) for key, reach in REACH.items()]
        asked += [
            ("POST", Asked("/people", {"word": "老人1", "reason": "12349 来电"})),
            ("GET", Asked("/people?word=老人1")), ("GET", Asked("/people/老人1")),
            ("GET", Asked("/elders/老人1")), ("POST", Asked("/login", {"staff": "老人1"})),
        ]  # fmt: skip
        for method, one in asked:
            answer = await town.ask(east, method, one)
            assert answer.status_code < 500, one.path
            led = [*addresses(answer.text), answer.headers.get("location", "")]
            if one.path.isascii():
                assert [a for a in led if any(w in unquote(a) for w in words)] == [], one.path

    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as lines:
        in_town(store, run)
    requests = [line for line in lines if line["event"] == "console_request"]
    assert len(requests) == len(REACH) - 1 + 5  # a page asks for /session often: debug level
    assert {line["route"] for line in requests} >= {key[1] for key in REACH} - {"/session"}
    others = [r.getMessage() for r in caplog.records if r.name != "httpx"]  # the test's own client
    told = unquote(repr(lines) + repr(others))
    assert [word for word in words if word in told] == []
