"""People, duty, quiet, staff, figures and reports: each deed once, as its reader would, and what it
leaves in the store."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import httpx
import pytest

from schemas.alerts import Category, Severity
from schemas.directory import Role
from schemas.times import to_micros
from stations import initials
from stations.console.frame import navigation
from stations.console.office import week
from store import console_figures
from store.connect import connect
from store.console_duty import Special, Worked
from store.directory import import_directory
from store.stations_duty import Calendar, Shift
from tests.support.desk import Desk, change, prepare, sign_in
from tests.support.office import at_desk, does, task_of
from tests.support.reach import Asked, Town, Who
from tests.support.registry import town

ZONE = ZoneInfo("Asia/Shanghai")


# People


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("老人3", {"e3"}), ("lr3", {"e3"}), ("LR", {"e1", "e3", "e5", "e7"}), ("路5号", {"e5"}),
        ("b7", {"e7"}), ("h1", {"e1"}), ("e1", {"e1"}), ("%", set()), ("_", set()), ("e2", set()),
        ("老人2", set()),
    ],
)  # fmt: skip
def test_people_are_found_by_what_is_said_on_the_telephone(
    store: str, word: str, found: set[str]
) -> None:
    async def run(d: Desk) -> None:
        async with d.pool.connection() as conn:
            assert await initials.fill(conn) == 8
            assert await initials.fill(conn) == 0
        client = await d.signed_in("east-1")
        page = (await does(client, "/people", "/people", word=word)).text
        assert {e for e in (f"e{n}" for n in range(1, 9)) if f"/elders/{e}" in page} == found

    at_desk(store, run)


def test_initials_know_several_readings_and_follow_the_name(store: str) -> None:
    assert "wxm" in initials.initials("王小明").split()
    assert {"sxx", "dxx"} <= set(initials.initials("单雄信").split())
    assert initials.initials("欧阳 娜娜") == "oynn"
    assert initials.initials("Mary") == "mary"
    assert len(initials.initials("行长重行长重行长").split()) <= 32

    async def run(d: Desk) -> None:
        async with d.pool.connection() as conn:
            await initials.fill(conn)
        await d.rows("UPDATE elder SET name = '曾国藩' WHERE id = 'e1' RETURNING 1")
        await d.rows("UPDATE elder SET phone = '1' WHERE id = 'e2' RETURNING 1")
        rows = await d.rows("SELECT id FROM elder WHERE initials IS NULL")
        assert rows == [("e1",)]

    at_desk(store, run)


# Duty


def test_a_week_shows_shifts_gaps_and_who_came() -> None:
    calendar = Calendar(shifts=[Shift("a", ["Mon", "Tue"], time(8), time(17))])
    monday = date(2026, 3, 2)
    came = Worked(
        "a", datetime(2026, 3, 2, 7, 55, tzinfo=ZONE), datetime(2026, 3, 2, 17, tzinfo=ZONE),
        None, None,
    )  # fmt: skip
    off = Special(date(2026, 3, 4), "a", None, None, "boss")
    days = week.days(calendar, ZONE, monday, worked=[came], special=[off])
    assert [day.date.day for day in days] == [2, 3, 4, 5, 6, 7, 8]
    first, second, third = days[0], days[1], days[2]
    assert [(s.staff, s.starts.astimezone(ZONE).hour) for s in first.spans] == [
        (None, 0), ("a", 8), (None, 17),
    ]  # fmt: skip
    assert first.spans[1].confirmed == came.confirmed_at
    assert second.spans[1].confirmed is None
    assert third.special == [off]
    assert week.gap_hours(days) == 7 * 24 - 18


def test_an_exception_is_set_counts_and_survives_an_import(store: str) -> None:
    async def run(d: Desk) -> None:
        client = await d.signed_in("east-1")
        assert "本周没有空班" in (await client.get("/duty")).text
        answer = await does(client, "/duty", "/duty/east/dates", day="2026-03-05", staff="east-1")
        assert answer.headers["location"] == "/duty?station=east&week=2026-03-05"
        page = (await client.get("/duty")).text
        assert "本周无人值班共 24 小时" in page
        assert "east值班 休息" in page
        again = await does(client, "/duty", "/duty/east/dates", day="2026-03-05", staff="east-1")
        assert again.status_code == 409
        for wrong in ({"starts": "08:00"}, {"day": "2029-01-01"}, {"staff": "west-1"}):
            fields = {"day": "2026-03-06", "staff": "east-1"} | wrong
            answer = await does(client, "/duty", "/duty/east/dates", **fields)
            assert answer.status_code == 409, wrong
        with connect(d.dsn, application="test") as connection:
            import_directory(connection, town(homes=8), now=to_micros(d.now))
        assert "east值班 休息" in (await client.get("/duty")).text
        await does(client, "/duty", "/duty/east/dates/drop", day="2026-03-05", staff="east-1")
        assert "本周没有空班" in (await client.get("/duty")).text

    at_desk(store, run)


# Quiet


def test_a_mute_ends_and_what_it_kept_speaks(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.rows(
            "INSERT INTO mute (scope, subject, rule, reason, author, starts, expires) VALUES"
            " ('elder', 'e1', 'care', '住院', 'east-1', %s, %s + INTERVAL '1 day') RETURNING 1",
            d.now, d.now,
        )  # fmt: skip
        await d.raised(
            change("h1", at=d.now, rule="heart-rate", severity=Severity.ORANGE,
                   category=Category.CARE)
        )  # fmt: skip
        assert await d.rows("SELECT 1 FROM incident") == []
        client = await d.signed_in("east-1")
        page = (await client.get("/quiet")).text
        assert "已压下 1 条" in page
        assert "老人1" not in page
        ((mute,),) = await d.rows("SELECT id FROM mute")
        await does(client, "/quiet", f"/quiet/mutes/{mute}/end")
        await d.raised()
        assert await d.rows("SELECT severity FROM incident") == [("orange",)]

    at_desk(store, run)


# Administration


async def admin_of(d: Desk, station: str) -> httpx.AsyncClient:
    await d.rows(
        "INSERT INTO staff (id, name, station, role, password_hash)"
        " SELECT 'boss', '管理员', %s, 'admin', password_hash FROM staff"
        " WHERE id = 'east-1' RETURNING 1",
        station,
    )
    return await d.signed_in("boss")


def test_an_administrator_adds_somebody_who_then_signs_in(store: str) -> None:
    async def run(d: Desk) -> None:
        boss = await admin_of(d, "street")
        new = {"staff": "east-7", "name": "新人", "station": "east", "role": "duty"}
        for wrong in ({"staff": "has space"}, {"name": ""}, {"role": "king"}, {"staff": "west-1"}):
            assert (await does(boss, "/staff", "/staff", **(new | wrong))).status_code == 409
        await does(boss, "/staff", "/staff", **new)
        short = await does(boss, "/staff", "/staff/east-7/password", password="short")
        assert short.status_code == 409
        await does(boss, "/staff", "/staff/east-7/password", password="correct horse 42")
        client = await d.signed_in("east-7")
        assert (await client.get("/tasks")).status_code == 200
        await does(boss, "/staff", "/staff/east-7/role", role="supervisor")
        assert (await client.get("/tasks")).status_code == 303, "signed out by the change"
        assert (await does(boss, "/staff", "/staff/boss/role", role="duty")).status_code == 403

    at_desk(store, run)


def test_details_are_changed_and_who_moves_is_signed_out(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.rows("UPDATE staff SET role = 'admin' WHERE id = 'street-1' RETURNING 1")
        admin, worker = await d.signed_in("street-1"), await d.signed_in("east-1")
        said = {"name": "小周", "phone": "0571-2000", "station": "east"}
        await does(admin, "/staff", "/staff/east-1/details", **said)
        assert "小周" in (await worker.get("/")).text
        assert await d.rows("SELECT phone FROM staff WHERE id = 'east-1'") == [("0571-2000",)]
        await does(admin, "/staff", "/staff/east-1/details", **said | {"station": "west"})
        assert (await worker.get("/")).status_code == 303
        for wrong, status in (({"name": ""}, 409), ({"station": "city"}, 404)):
            answer = await does(admin, "/staff", "/staff/east-1/details", **said | wrong)
            assert answer.status_code == status
        rows = await d.rows("SELECT name, station FROM staff WHERE id = 'east-1'")
        assert rows == [("小周", "west")]

    at_desk(store, run)


def test_who_comes_back_needs_a_new_password(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.rows("UPDATE staff SET role = 'admin' WHERE id = 'street-1' RETURNING 1")
        admin = await d.signed_in("street-1")
        assert (await does(admin, "/staff", "/staff/east-1/return")).status_code == 404
        await does(admin, "/staff", "/staff/east-1/retire")
        assert "已停用的账号（1）" in (await admin.get("/staff")).text
        await does(admin, "/staff", "/staff/east-1/return")
        assert (await sign_in(d.client(), "east-1")).status_code == 403
        await does(admin, "/staff", "/staff/east-1/password", password="a long new one")
        assert (await sign_in(d.client(), "east-1", "a long new one")).status_code == 303

    at_desk(store, run)


def test_whoever_is_retired_lets_go_of_what_they_hold(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        ((incident,),) = await d.rows("SELECT id FROM incident")
        worker, boss = await d.signed_in("east-1"), await admin_of(d, "street")
        await does(worker, "/", f"/incidents/{incident}", action="acknowledge")
        assert await d.rows("SELECT holder FROM incident") == [("east-1",)]
        await does(boss, "/staff", "/staff/east-1/retire")
        rows = await d.rows("SELECT holder, due_at IS NOT NULL FROM incident")
        assert rows == [(None, True)]
        assert (await worker.get("/")).status_code == 303

    at_desk(store, run)


def test_the_audit_trail_shows_ids_and_reasons_of_the_own_area(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.rows("UPDATE staff SET role = 'supervisor' WHERE id = 'street-1' RETURNING 1")
        street, west = await d.signed_in("street-1"), await d.signed_in("west-1")
        await does(street, "/people", "/people", word="老人1", reason="投诉核实")
        await does(west, "/people", "/people", word="老人2")
        await d.rows("UPDATE staff SET role = 'supervisor' WHERE id = 'east-1' RETURNING 1")
        seen = (await street.get("/audit?reasoned=1")).text
        assert "投诉核实" in seen
        assert "e1" in seen
        assert "老人1" not in seen
        east = (await (await d.signed_in("east-1")).get("/audit")).text
        assert "投诉核实" not in east
        assert "west-1" not in east

    at_desk(store, run)


# Figures


def test_a_supervisor_sees_figures_of_the_whole_area_and_no_names(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.rows("UPDATE staff SET role = 'supervisor' WHERE id = 'street-1' RETURNING 1")
        orange = {"severity": Severity.ORANGE, "category": Category.CARE}
        await d.raised(
            change("h1", at=d.now), change("h3", at=d.now, test=True),
            change("h2", at=d.now, rule="heart-rate", **orange),  # type: ignore[arg-type]
        )  # fmt: skip
        east, street = await d.signed_in("east-1"), await d.signed_in("street-1")
        await does(east, "/", "/shift")
        ((incident,),) = await d.rows("SELECT id FROM incident WHERE home = 'h1'")
        await does(east, "/", f"/incidents/{incident}", action="acknowledge")
        async with d.pool.connection() as conn:
            areas = await console_figures.by_area(conn, "street", now=d.now)
            assert await console_figures.by_area(conn, "west", now=d.now) == areas[1:]
        assert [(a.name, *a[2:5], a.tasks, a.working) for a in areas] == [
            ("东社区", 1, 0, 0, 0, 1), ("西社区", 0, 1, 1, 0, 0),
        ]  # fmt: skip
        assert (areas[0].waits_since, areas[1].waits_since) == (None, d.now)
        page = (await street.get("/")).text
        assert "西社区" in page
        assert "老人" not in page

    at_desk(store, run)


# Reports


def test_a_report_is_shown_and_downloaded(store: str) -> None:
    async def run(d: Desk) -> None:
        client = await d.signed_in("street-1")
        page = await client.get("/reports?month=2026-03&area=330105001001")
        assert "东社区" in page.text
        files = [
            await client.get(f"/reports/330105001001/2026-03.{kind}") for kind in ("csv", "html")
        ]
        assert files[0].text.startswith("month,area,group,")
        assert files[1].headers["content-disposition"].startswith("attachment;")
        for path in ("/reports?month=2026-13", "/reports?month=x", "/reports/330105001001/1.csv"):
            assert (await client.get(path)).status_code == 400, path

    at_desk(store, run)


HOSTILE = (
    "UPDATE home SET address = %s, door_note = address",
    "UPDATE elder SET name = %s",
    "UPDATE staff SET name = %s",
    "UPDATE area SET name = %s",
    "UPDATE station SET name = %s",
    "UPDATE alert SET reason = jsonb_build_object('zh', %s::text)",
    """INSERT INTO quarantine (received, key, topic, payload, area, gateway_id, device_id, code,
    reason, flags, profile)
    VALUES (now(), 1, 't', '', '330105001001', 'g1', %s, 'c', 'r', 0, 'p')""",
    """INSERT INTO mute (scope, subject, rule, reason, author, starts, expires)
    VALUES ('elder', 'e1', 'care', %s, 'east-1', '2026-03-02', '2026-03-20')""",
)
"""Each puts one text where people or devices could have put it."""


def test_text_from_outside_stays_text_on_every_page(store: str) -> None:
    async def run(d: Desk) -> None:
        evil = "<img src=x onerror=1>\"'><script>alert(1)</script>"
        await task_of(d, "vital-trend", Category.CARE)
        for query in HOSTILE:
            await d.rows(f"{query} RETURNING 1", evil)
        await d.rows("UPDATE staff SET role = 'admin' WHERE id = 'street-1' RETURNING 1")
        for staff in ("east-1", "street-1"):
            client = await d.signed_in(staff)
            pages = [e.path for e in navigation("duty" if staff == "east-1" else "admin")]
            texts = [(await client.get(page)).text for page in pages]
            texts.append((await does(client, "/people", "/people", word=evil)).text)
            assert [t for t in texts if "<img" in t or "<script>" in t] == []
            assert sum("&lt;img" in t for t in texts) > 5

    at_desk(store, run)


# On every kind of store


def test_every_page_answers_on_every_store(database: str) -> None:
    prepare(database, passwords=False)

    async def run(d: Desk) -> None:
        town_ = Town(d)
        await town_.open()
        for make in (town_.incident, town_.task, town_.mute, town_.away, town_.stranger):
            await make()
        for role in Role:
            for entry in navigation(role):
                answer = await town_.ask(Who(role, "street"), "GET", Asked(entry.path))
                assert answer.status_code == 200, entry
            found = await town_.ask(
                Who(role, "street"), "POST", Asked("/people", {"word": "b1", "reason": "核实"})
            )
            assert found.status_code in (200, 409)

    at_desk(database, run)
