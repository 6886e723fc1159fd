"""Weekly shifts set in the console: they count, end, and stay when the registry is imported."""

from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from schemas.directory import Directory, Duty
from schemas.registry_csv import read_folder, write_folder
from schemas.times import to_micros
from stations import duty
from store.connect import connect
from store.directory import DirectoryError, import_directory, load_directory
from store.stations_duty import Calendar, Shift
from tests.support.desk import Desk
from tests.support.office import at_desk, does
from tests.support.registry import town

ZONE = ZoneInfo("Asia/Shanghai")
NEW = {
    "staff": "east-1", "weekday": "Wed", "starts": "06:00", "ends": "07:30", "since": "2026-03-09",
}  # fmt: skip
"""The test's today is Tuesday, 2026-03-03."""


def registry(*shifts: Duty) -> Directory:
    """The town, with these shifts at the east instead of its own."""
    whole = town(homes=8)
    others = tuple(shift for shift in whole.duty if shift.station != "east")
    return whole.model_copy(update={"duty": (*others, *shifts)})


def daily(**more: object) -> Duty:
    said = {"station": "east", "staff": "east-1", "weekdays": "daily", "starts": "08:00"}
    return Duty.model_validate({**said, "ends": "18:00", **more})


def imported(d: Desk, directory: Directory) -> None:
    with connect(d.dsn, application="test") as connection:
        import_directory(connection, directory, now=to_micros(d.now))


async def add(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    return await does(client, "/duty", "/duty/east/weekly", **NEW | fields)


async def end(client: httpx.AsyncClient, until: str, **fields: str) -> httpx.Response:
    return await does(client, "/duty", "/duty/east/weekly/end", **NEW | fields, until=until)


def test_a_shift_begins_on_no_day_outside_its_own() -> None:
    days = ["Mon", "Tue", "Wed"]
    calendar = Calendar([Shift("a", days, time(22), time(6), date(2026, 3, 3), date(2026, 3, 9))])
    begins = [
        run.starts.astimezone(ZONE).day
        for run in duty.runs(
            calendar, ZONE, datetime(2026, 2, 20, tzinfo=ZONE), datetime(2026, 3, 20, tzinfo=ZONE)
        )
    ]
    assert begins == [3, 4, 9]


def test_a_shift_is_added_counts_and_is_ended(store: str) -> None:
    async def run(d: Desk) -> None:
        imported(d, registry(daily()))
        client = await d.signed_in("east-1")
        answer = await add(client)
        assert answer.headers["location"] == "/duty?station=east&week=2026-03-09"
        for week, there in (("2026-03-04", False), ("2026-03-11", True)):
            page = (await client.get(f"/duty?week={week}")).text
            assert ("06:00–07:30" in page.split("每周班次")[0]) is there
        assert "2026-03-09 起 · 在这里排的" in page
        assert (await add(client)).status_code == 409, "it stands there already"
        await end(client, "2026-03-18")
        page = (await client.get("/duty?week=2026-03-25")).text
        assert "06:00–07:30" not in page.split("每周班次")[0]
        assert "到 2026-03-18 为止" in page
        await end(client, "2026-03-30")
        assert "到 2026-03-18 为止" in (await client.get("/duty")).text, "never later again"
        await end(client, "2026-03-04")
        assert "06:00–07:30" not in (await client.get("/duty")).text, "it has never begun"
        deeds = await d.rows(
            "SELECT action, count(*) FROM audit WHERE action LIKE 'duty.%%' GROUP BY 1 ORDER BY 1"
        )
        assert deeds == [("duty.weekly", 1), ("duty.weekly_ended", 3)]

    at_desk(store, run)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekday": "Someday"}, {"starts": ""}, {"ends": "25:00"}, {"since": "soon"},
        {"since": "2029-01-01"}, {"until": "2026-03-08"}, {"staff": "west-1"}, {"staff": ""},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_shift_is_refused(store: str, wrong: dict[str, str]) -> None:
    async def run(d: Desk) -> None:
        before = await d.rows("SELECT count(*) FROM duty")
        answer = await add(await d.signed_in("east-1"), **wrong)
        assert answer.status_code == 409
        assert await d.rows("SELECT count(*) FROM duty") == before

    at_desk(store, run)


def test_an_import_leaves_what_the_console_has_set(store: str) -> None:
    async def run(d: Desk) -> None:
        imported(d, registry(daily()))
        client = await d.signed_in("east-1")
        await add(client)
        week = {"staff": "east-1", "starts": "08:00", "since": ""}
        token = (await client.get("/duty")).text.split('name="csrf" value="')[1].split('"')[0]
        days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        fields = {**week, "weekday": days, "until": "2026-03-10", "csrf": token}
        assert (await client.post("/duty/east/weekly/end", data=fields)).status_code == 303
        for directory, until in (
            (registry(daily()), date(2026, 3, 10)),
            (registry(daily(until="2026-12-31", ends="19:00")), date(2026, 3, 10)),
            (registry(daily(until="2026-03-06")), date(2026, 3, 6)),
        ):
            imported(d, directory)
            rows = await d.rows(
                "SELECT starts, until FROM duty WHERE station = 'east' ORDER BY starts"
            )
            assert rows == [(time(6), None), (time(8), until)]
        imported(d, registry(daily(**{"from": "2026-04-01"})))
        rows = await d.rows(
            "SELECT since, until FROM duty WHERE station = 'east' AND starts = '08:00'"
        )
        assert rows == [(date(2026, 4, 1), None)], "another shift of the registry's"
        imported(d, registry())
        rows = await d.rows("SELECT starts FROM duty WHERE station = 'east'")
        assert rows == [(time(6),)], "the registry's own went, the console's stays"

    at_desk(store, run)


def test_the_registrys_own_that_has_not_begun_is_the_registrys_to_change(store: str) -> None:
    async def run(d: Desk) -> None:
        imported(d, registry(daily(weekdays="Wed", starts="06:00", **{"from": "2026-03-09"})))
        client = await d.signed_in("east-1")
        answer = await end(client, "2026-03-05")
        assert answer.status_code == 409
        assert "请在登记册里改" in answer.text
        assert (await end(client, "2026-03-11", staff="nobody")).status_code == 409

    at_desk(store, run)


def test_shifts_with_days_are_exported_and_imported_alike(store: str, tmp_path: Path) -> None:
    whole = registry(
        daily(**{"from": "2026-03-01", "until": "2026-03-31"}),
        daily(**{"from": "2026-04-01"}),
    )
    with connect(store, application="test") as connection:
        import_directory(connection, whole, now=0)
        write_folder(load_directory(connection), tmp_path)
        again = read_folder(tmp_path)
        assert set(again.duty) == set(whole.duty)
        same = import_directory(connection, again, now=0)
        assert (same.added, same.changed, same.retired) == (0, 0, 0)
        with pytest.raises(DirectoryError, match="same station, staff, weekdays, starts"):
            import_directory(connection, registry(daily(), daily(ends="19:00")), now=0)


def test_a_last_day_does_not_lie_before_the_first() -> None:
    with pytest.raises(ValueError, match="last day"):
        daily(**{"from": "2026-03-02", "until": "2026-03-01"})
