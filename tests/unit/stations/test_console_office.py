"""Tasks, visits and devices: each deed once, as its reader would, and what it leaves behind."""

from datetime import datetime
from zoneinfo import ZoneInfo

from schemas.alerts import Category, Severity
from schemas.directory import DeviceKind
from tests.support.desk import Desk, change
from tests.support.office import at_desk, does, task_of

ZONE = ZoneInfo("Asia/Shanghai")


# Tasks


def test_a_care_call_that_reaches_the_person_ends_the_task(store: str) -> None:
    async def run(d: Desk) -> None:
        task = await task_of(d, "vital-trend", Category.CARE)
        client = await d.signed_in("east-1")
        page = (await client.get("/tasks")).text
        assert "关怀电话" in page
        assert "老人1" in page
        await does(client, "/tasks", f"/tasks/{task}/call", result="no_answer")
        page = (await client.get("/tasks")).text
        assert "已打过 1 次电话" in page
        assert "您在做" in page
        answer = await does(client, "/tasks", f"/tasks/{task}/call", result="wrong")
        assert answer.status_code == 409
        await does(client, "/tasks", f"/tasks/{task}/call", result="spoken", note="睡得不好")
        assert await d.rows("SELECT done_by, note FROM task") == [("east-1", "睡得不好")]
        kinds = await d.rows(
            "SELECT kind, detail ->> 'result' FROM alert_event WHERE staff = 'east-1'"
        )
        assert kinds == [("called", "no_answer"), ("called", "spoken"), ("task_done", None)]

    at_desk(store, run)


def test_a_task_is_taken_by_one_and_over_by_another(store: str) -> None:
    async def run(d: Desk) -> None:
        task = await task_of(d, "battery-low", Category.DEVICE)
        await d.rows(
            "INSERT INTO staff (id, name, station, role, password_hash)"
            " SELECT 'east-2', '小李', 'east', 'duty', password_hash FROM staff"
            " WHERE id = 'east-1' RETURNING 1"
        )
        first, second = await d.signed_in("east-1"), await d.signed_in("east-2")
        await does(first, "/tasks", f"/tasks/{task}/take")
        assert "east值班 在做" in (await second.get("/tasks")).text
        await does(second, "/tasks", f"/tasks/{task}/take")
        assert await d.rows("SELECT assignee FROM task") == [("east-2",)]
        taken = await d.rows(
            "SELECT staff, detail ->> 'from' FROM alert_event WHERE kind = 'task_taken' ORDER BY id"
        )
        assert taken == [("east-1", None), ("east-2", "east-1")]
        await does(second, "/tasks", f"/tasks/{task}/done", note="换了电池")
        answer = await does(first, "/people", f"/tasks/{task}/take")
        assert answer.status_code == 409

    at_desk(store, run)


def test_looking_at_tasks_visits_and_people_is_on_record_with_ids_only(store: str) -> None:
    async def run(d: Desk) -> None:
        task = await task_of(d, "vital-trend", Category.CARE)
        client = await d.signed_in("east-1")
        for path in ("/tasks", "/visits"):
            await client.get(path)
        await does(client, "/people", "/people", word="幸福路3号")
        rows = await d.rows(
            "SELECT action, subject, detail FROM audit WHERE staff = 'east-1'"
            " AND action LIKE '%%.view' ORDER BY id"
        )
        assert rows == [
            ("tasks.view", "east", {"tasks": [task]}),
            ("visits.view", "east", {"elders": ["e1", "e3", "e5", "e7"]}),
            ("people.view", "east", {"elders": ["e3"]}),
        ]

    at_desk(store, run)


# Visits


def test_a_visit_is_recorded_and_ends_its_task(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.rows(
            "INSERT INTO task (kind, subject, home, station, opened_at)"
            " VALUES ('visit_due', 'e1', 'h1', 'east', %s) RETURNING 1",
            d.now,
        )
        client = await d.signed_in("east-1")
        assert "还没有探访：4 人" in (await client.get("/visits")).text
        early = await does(client, "/visits", "/visits", elder="e1", at="2025-01-01T10:00")
        late = await does(client, "/visits", "/visits", elder="e1", at="2026-03-03T23:00")
        assert (early.status_code, late.status_code) == (409, 409)
        await does(client, "/visits", "/visits", elder="e1", at="2026-03-02T10:00", note="气色好")
        rows = await d.rows("SELECT elder, staff, note, at FROM visit")
        assert rows == [("e1", "east-1", "气色好", datetime(2026, 3, 2, 10, tzinfo=ZONE))]
        assert await d.rows("SELECT done_by IS NOT NULL OR done_at IS NOT NULL FROM task") == [
            (True,)
        ]
        page = (await client.get("/visits")).text
        assert "还没有探访：3 人" in page
        assert "1 / 4" in page

    at_desk(store, run)


# Devices


def test_a_stranger_is_adopted_ignored_and_heeded(store: str) -> None:
    async def run(d: Desk) -> None:
        for n, device in enumerate(("new1", "new2")):
            await d.rows(
                "INSERT INTO quarantine (received, key, topic, payload, area, gateway_id,"
                " device_id, code, reason, flags, profile) VALUES (%s, %s, 't', '',"
                " '330105001001', 'g1', %s, 'unknown_device', 'r', 0, 'canonical') RETURNING 1",
                d.now, n, device,
            )  # fmt: skip
        client = await d.signed_in("east-1")
        version = (await d.rows("SELECT version FROM directory_version"))[0][0]
        whole = {
            "device": "new1", "gateway": "g1", "kind": str(DeviceKind.MATTRESS),
            "profile": "canonical", "elder": "e1", "location": "bed", "interval_s": "30",
        }  # fmt: skip
        for wrong in (
            {"profile": "no-such"}, {"home": "h1"}, {"elder": ""}, {"kind": "toaster"},
            {"elder": "e2"}, {"interval_s": "0"},
        ):  # fmt: skip
            answer = await does(client, "/devices", "/strangers/adopt", **(whole | wrong))
            assert answer.status_code == 409, wrong
        assert await d.rows("SELECT 1 FROM device WHERE id = 'new1'") == []
        assert (await does(client, "/devices", "/strangers/adopt", **whole)).status_code == 303
        rows = await d.rows("SELECT kind, gateway, elder, home FROM device WHERE id = 'new1'")
        assert rows == [("mattress", "g1", "e1", None)]
        assert (await d.rows("SELECT version FROM directory_version"))[0][0] > version
        again = await does(client, "/devices", "/strangers/adopt", **whole)
        assert again.status_code == 404, "nothing of it waits any more"
        two = {"device": "new2", "gateway": "g1"}
        assert (await does(client, "/devices", "/strangers/ignore", **two)).status_code == 409
        await does(client, "/devices", "/strangers/ignore", **two, reason="邻居的手环")
        assert "已忽略：邻居的手环" in (await client.get("/devices")).text
        await does(client, "/devices", "/strangers/heed", **two)
        assert await d.rows("SELECT 1 FROM ignored_device") == []
        done = await d.rows("SELECT action FROM audit WHERE action LIKE 'device.%%' ORDER BY id")
        assert [action for (action,) in done] == ["device.adopt", "device.ignore", "device.heed"]

    at_desk(store, run)


def test_a_device_is_not_taken_out_of_another_area(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.rows(
            "INSERT INTO quarantine (received, key, topic, payload, area, gateway_id, device_id,"
            " code, reason, flags, profile) VALUES (%s, 1, 't', '', '330105001001', 'g1', 'm2',"
            " 'wrong_gateway', 'r', 0, 'canonical') RETURNING 1",
            d.now,
        )
        fields = {
            "device": "m2", "gateway": "g1", "kind": "mattress", "profile": "canonical",
            "elder": "e1", "location": "bed", "interval_s": "30",
        }  # fmt: skip
        east, street = await d.signed_in("east-1"), await d.signed_in("street-1")
        answer = await does(east, "/devices", "/strangers/adopt", **fields)
        assert answer.status_code == 409
        assert "登记在别的辖区" in answer.text
        assert (await does(street, "/devices", "/strangers/adopt", **fields)).status_code == 303
        assert await d.rows("SELECT gateway, elder FROM device WHERE id = 'm2'") == [("g1", "e1")]

    at_desk(store, run)


def test_test_mode_has_its_limit_and_its_end(store: str) -> None:
    async def run(d: Desk) -> None:
        client = await d.signed_in("east-1")
        for minutes in ("31", "0", "x", ""):
            answer = await does(
                client, "/devices", "/devices/test", device="b1", minutes=minutes, reason="检修"
            )
            assert answer.status_code == 409, minutes
        await does(client, "/devices", "/devices/test", device="b1", minutes="20", reason="检修")
        assert "检修" in (await client.get("/devices")).text
        await does(client, "/devices", "/devices/test/end", device="b1")
        assert "没有设备在测试" in (await client.get("/devices")).text

    at_desk(store, run)


def test_troubles_are_shown_by_rule_with_names_for_the_own_desk_only(store: str) -> None:
    async def run(d: Desk) -> None:
        blue = {"severity": Severity.BLUE, "category": Category.DEVICE}
        await d.raised(
            change("h1", at=d.now, rule="device-silent", **blue),  # type: ignore[arg-type]
            change("h2", at=d.now, rule="battery-low", **blue),  # type: ignore[arg-type]
        )
        east = (await (await d.signed_in("east-1")).get("/devices")).text
        assert "老人1" in east
        assert "电量低" not in east
        street = await d.signed_in("street-1")
        both = (await street.get("/devices")).text
        low = (await street.get("/devices?rule=battery-low")).text
        assert "全部 2" in both
        assert ">b1<" in both
        assert ">b1<" not in low
        assert "老人" not in both + low

    at_desk(store, run)
