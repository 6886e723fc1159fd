"""The incident page and the elder's page: what they tell, to whom, and what is done from them."""

import asyncio
import dataclasses
import re

import httpx

from schemas.alerts import Category, Severity
from store.connect import connect
from tests.support import watched
from tests.support.desk import Desk, at_desk, change, csrf_of

JSON = {"accept": "application/json"}


async def _only(d: Desk) -> str:
    ((incident,),) = await d.rows("SELECT id FROM incident WHERE state <> 'closed'")
    return str(incident)


async def _post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    token = csrf_of((await client.get("/")).text)
    return await client.post(path, data={"csrf": token, **fields}, headers=JSON)


def _heart(d: Desk, **more: object) -> object:
    return change(
        "h1", at=d.now, rule="heart-rate", severity=Severity.ORANGE, category=Category.CARE,
        zh="在床心率 139 次/分，已持续 2 分钟", en="Heart rate in bed 139/min for 2 min", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_the_page_tells_what_happened_whom_to_call_and_how_it_has_been(store: str) -> None:
    async def run(d: Desk) -> None:
        await asyncio.to_thread(_fill, store, d)
        await d.raised(_heart(d))  # type: ignore[arg-type]
        east = await d.signed_in("east-1")
        answer = await east.get(f"/incidents/{await _only(d)}")
        assert answer.status_code == 200
        page = answer.text
        for part in (
            "幸福路1号", "在床心率 139 次/分", "女儿1", 'href="tel:05711000"', 'href="tel:120"',
            "老人1", "近 24 小时", "近 30 夜", "呼叫：东站", "最近证明正常", "12 %", "-97 dBm",
            "离床", "我来处理", "平常",
        ):  # fmt: skip
            assert part in page, part
        (now,) = re.findall(r'<b class="beyond">.*?(\d+)</b>', page)
        assert 130 < int(now) < 150
        assert len(re.findall(r"<tr><th scope=\"row\"><time", page)) == 30
        beyond = re.findall(r'<path class="beyond" d="([^"]*)"', page)
        assert len(beyond) == 4
        assert beyond[0]
        assert beyond[2]
        looks = await d.rows("SELECT staff, subject FROM audit WHERE action = 'incident.view'")
        assert [staff for staff, _ in looks] == ["east-1"]

    at_desk(store, run)


def _fill(dsn: str, d: Desk) -> None:
    with connect(dsn, application="test") as connection:
        watched.nights(connection, now=d.now)


def test_a_call_goes_on_record_with_whom_and_what_came_of_it(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        incident, east = await _only(d), await d.signed_in("east-1")
        path = f"/incidents/{incident}/calls"
        d.passes(60)
        answer = await _post(east, path, contact="e1:1", result="no_answer", note="响了很久")
        assert answer.json() == {"said": None}
        d.passes(60)
        assert (await _post(east, path, contact="e1", result="spoken")).status_code == 200
        d.passes(60)
        assert (await _post(east, path, contact="120")).status_code == 200
        done = await d.rows(
            "SELECT kind, detail FROM alert_event WHERE staff = 'east-1' AND incident IS NOT NULL"
            " ORDER BY id"
        )
        assert done == [
            ("called", {"result": "no_answer", "contact": "e1:1", "note": "响了很久"}),
            ("called", {"result": "spoken", "contact": "e1"}),
            ("emergency_called", {}),
        ]
        assert await d.rows("SELECT state, holder FROM incident") == [("called", "east-1")]
        page = (await east.get(f"/incidents/{incident}")).text
        for part in (
            "打电话给 女儿1 女儿：无人接", "响了很久", "打电话给 老人1：通了", "已拨打 120",
            "03:31 无人接", "east值班 · 东站",
        ):  # fmt: skip
            assert part in page, part
        for contact, result in (("e2:1", "spoken"), ("nobody", "spoken"), ("", "spoken")):
            assert (await _post(east, path, contact=contact, result=result)).status_code == 400
        wrong = await _post(east, path, contact="e1:1", result="asleep")
        assert (wrong.status_code, wrong.json()["said"][:4]) == (409, "通话结果")

    at_desk(store, run)


def test_whoever_does_not_hold_it_is_told_who_does(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        incident, east = await _only(d), await d.signed_in("east-1")
        street, west = await d.signed_in("street-1"), await d.signed_in("west-1")
        assert (await street.get(f"/incidents/{incident}")).status_code == 404
        assert (await street.get("/elders/e1")).status_code == 404
        await _post(east, f"/incidents/{incident}", action="acknowledge")
        await _post(east, f"/incidents/{incident}", action="escalate")
        for page in (f"/incidents/{incident}", f"/incidents/{incident}/parts", "/elders/e1"):
            assert (await street.get(page)).status_code == 200
            assert (await west.get(page)).status_code == 404
        refused = await _post(
            street, f"/incidents/{incident}/calls", contact="e1:1", result="spoken"
        )
        assert refused.status_code == 409
        assert "east-1" in refused.json()["said"]
        plain = await street.post(
            f"/incidents/{incident}/calls",
            data={"csrf": csrf_of((await street.get("/")).text), "contact": "e1:1"},
        )
        assert plain.status_code == 409
        assert "east-1" in plain.text
        page = (await street.get(f"/incidents/{incident}")).text
        assert "呼叫：街道中心（有人上报）" in page
        assert (await _post(east, f"/incidents/{incident}", action="close",
                            quick="false_alarm:spoken")).status_code == 200  # fmt: skip
        assert (await street.get("/elders/e1")).status_code == 404  # closed: no longer theirs
        closed = (await street.get(f"/incidents/{incident}")).text
        assert "结案：误报、通过话" in closed
        for part in ('name="contact"', 'name="reason"', 'href="/elders/e1"'):
            assert part in page, part
            assert part not in closed, part

    at_desk(store, run)


def test_nothing_is_kept_quiet_without_reason_and_end(store: str) -> None:
    async def run(d: Desk) -> None:
        east = await d.signed_in("east-1")
        path = "/elders/e1/quiet"
        for fields, said in (
            ({"kind": "mute", "rule": "care", "minutes": "60", "reason": " "}, "原因"),
            ({"kind": "mute", "rule": "care", "minutes": "", "reason": "住院"}, "时限"),
            ({"kind": "mute", "rule": "care", "minutes": "0", "reason": "住院"}, "时限"),
            ({"kind": "mute", "rule": "care", "minutes": "43201", "reason": "住院"}, "时限"),
            ({"kind": "mute", "rule": "sos", "minutes": "60", "reason": "吵"}, "求助按钮不能"),
            ({"kind": "mute", "rule": "fall", "minutes": "60", "reason": "吵"}, "求助按钮不能"),
            ({"kind": "fall", "device": "r1", "minutes": "4321", "reason": "猫"}, "时限"),
            ({"kind": "fall", "device": "r2", "minutes": "60", "reason": "猫"}, "没有登记"),
            ({"kind": "test", "device": "b1", "minutes": "31", "reason": "检修"}, "时限"),
            ({"kind": "away", "minutes": "43201", "reason": "旅行"}, "时限"),
        ):  # fmt: skip
            answer = await _post(east, path, **fields)
            assert (answer.status_code, said in answer.json()["said"]) == (409, True), fields
        assert (await _post(east, path, kind="x", minutes="9", reason="y")).status_code == 400
        assert await d.rows("SELECT count(*) FROM alert_event") == [(0,)]
        for fields in (
            {"kind": "mute", "rule": "heart-rate", "minutes": "60", "reason": "换药"},
            {"kind": "fall", "device": "r1", "minutes": "480", "reason": "养了猫"},
            {"kind": "test", "device": "b1", "minutes": "10", "reason": "检修"},
            {"kind": "away", "minutes": "1440", "reason": "去女儿家"},
        ):
            assert (await _post(east, path, **fields)).json() == {"said": None}
        page = (await east.get("/elders/e1")).text
        for part in ("换药", "养了猫", "检修", "去女儿家", "心率异常", "r1", "east值班"):
            assert part in page, part
        running = re.findall(
            r'name="kind" value="(\w+)"><input type="hidden" name="id" value="(\w+)"', page
        )
        assert sorted(kind for kind, _ in running) == ["away", "mute", "mute", "test"]
        d.passes(1)
        for kind, id_ in running:
            assert (await _post(east, f"{path}/end", kind=kind, id=id_)).status_code == 200
        assert "换药" not in (await east.get("/elders/e1")).text
        assert await d.rows("SELECT count(*) FROM mute WHERE ended_at IS NULL") == [(0,)]
        # What is another elder's cannot be ended from here.
        await _post(east, "/elders/e3/quiet", kind="mute", minutes="60", reason="换药")
        ((other,),) = await d.rows("SELECT id::text FROM mute WHERE subject = 'e3'")
        assert (await _post(east, f"{path}/end", kind="mute", id=other)).status_code == 200
        assert await d.rows("SELECT count(*) FROM mute WHERE ended_at IS NULL") == [(1,)]

    at_desk(store, run)


def test_homes_of_several_and_places_nobody_knows(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.rows("UPDATE elder SET home = 'h1' WHERE id = 'e3' RETURNING id")
        await d.raised(change("h1", at=d.now))
        east, incident = await d.signed_in("east-1"), await _only(d)
        page = (await east.get(f"/incidents/{incident}")).text
        assert page.index('id="day-e1"') < page.index('id="day-e3"')  # who is concerned first
        parts = (await east.get(f"/incidents/{incident}/parts")).json()["parts"]
        assert {
            f"{p}-{e}" for p in ("day", "nights", "devices", "quiet") for e in ("e1", "e3")
        } <= (parts.keys())
        stranger = change("h9", at=d.now)
        lost = dataclasses.replace(
            stranger, home=None, elder=None, elders=("e5", "e7"), device="unknown-7", gateway="g5"
        )
        await d.raised(lost)
        ((other,),) = await d.rows("SELECT id FROM incident WHERE home IS NULL")
        page = (await east.get(f"/incidents/{other}")).text
        for part in ("可能是这些老人", "老人5", "老人7", "幸福路7号", 'href="/elders/e5"'):
            assert part in page, part
        assert 'id="day-' not in page

    at_desk(store, run)


def test_english_says_it_too_and_no_id_outside_the_scope_shows(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        east = await d.signed_in("east-1")
        page = (await east.get(f"/incidents/{await _only(d)}?lang=en")).text
        for part in (
            "Whom to call, in this order",
            "Last 30 nights",
            "Record",
            "raised: The bedside",
        ):
            assert part in page, part
        assert (await east.get("/elders/e2")).status_code == 404
        assert (await east.get("/elders/nobody")).status_code == 404
        assert (await east.get("/elders/e3")).status_code == 200
        assert await d.rows("SELECT subject FROM audit WHERE action = 'elder.view'") == [("e3",)]

    at_desk(store, run)
