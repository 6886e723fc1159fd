"""The board and what is done on it: scope, order, actions, refusals, audit."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from schemas.alerts import Category, Severity
from tests.support.desk import Desk, at_desk, cards_of, change, csrf_of

JSON = {"accept": "application/json"}


async def _token(client: httpx.AsyncClient) -> str:
    return csrf_of((await client.get("/")).text)


async def _only(d: Desk) -> str:
    ((incident,),) = await d.rows("SELECT id FROM incident WHERE state <> 'closed'")
    return str(incident)


async def _do(client: httpx.AsyncClient, incident: str, **fields: str) -> httpx.Response:
    fields["csrf"] = fields.get("csrf") or await _token(client)
    return await client.post(f"/incidents/{incident}", data=fields, headers=JSON)


def test_a_card_says_where_who_why_and_whom_to_call(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now, zh="床头按钮被按下（电量 64 %）。", late=True))
        page = (await (await d.signed_in("east-1")).get("/")).text
        for part in (
            "红色", "立即处置", "幸福路1号", "钥匙在门卫", "老人1", "独居", "轻度失能", "86 岁",
            "女儿1", 'href="tel:0571-1000"', "床头按钮被按下（电量 64 %）。", "迟到的数据",
            "还没有人处理", "后通知街道", "我来处理", "东站",
        ):  # fmt: skip
            assert part.replace("tel:0571-1000", "tel:05711000") in page, part

    at_desk(store, run)


def test_tests_come_last_and_red_before_orange_before_later(store: str) -> None:
    async def run(d: Desk) -> None:
        care = {"rule": "night-absence", "severity": Severity.ORANGE, "category": Category.CARE}
        await d.raised(change("h1", at=d.now, test=True))
        d.passes(1)
        await d.raised(change("h3", at=d.now, **care))  # type: ignore[arg-type]
        d.passes(1)
        await d.raised(change("h5", at=d.now))
        d.passes(1)
        await d.raised(change("h7", at=d.now))
        page = (await (await d.signed_in("east-1")).get("/")).text
        homes = dict(await d.rows("SELECT id::text, home FROM incident"))
        assert [homes[id_] for id_ in cards_of(page)] == ["h5", "h7", "h3", "h1"]

    at_desk(store, run)


def test_a_station_sees_only_what_reached_it(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        incident = await _only(d)
        east, west = await d.signed_in("east-1"), await d.signed_in("west-1")
        assert cards_of((await east.get("/")).text) == [incident]
        page = (await west.get("/")).text
        assert cards_of(page) == []
        assert "老人1" not in page
        assert (await east.get(f"/incidents/{incident}")).status_code == 200
        assert (await west.get(f"/incidents/{incident}")).status_code == 404
        for action in ("acknowledge", "called", "escalate", "release", "close"):
            answer = await _do(west, incident, action=action, quick="false_alarm:spoken")
            assert answer.status_code == 404
        assert (await _do(east, str(uuid4()), action="acknowledge")).status_code == 404
        assert await d.rows("SELECT state, holder FROM incident") == [("open", None)]

    at_desk(store, run)


def test_from_acknowledging_to_closing_everything_is_on_record(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        incident, east = await _only(d), await d.signed_in("east-1")
        for action, state in (
            ("acknowledge", "acknowledged"), ("called", "called"),
            ("on_the_way", "on_the_way"), ("on_site", "on_site"),
        ):  # fmt: skip
            d.passes(5)
            answer = await _do(east, incident, action=action)
            assert answer.status_code == 200
            assert answer.json()["said"] is None
            assert f'data-state="{state}"' in answer.json()["card"]
        note = "已送医院，家属在场\x00"
        answer = await _do(
            east, incident, action="close", quick="to_hospital:handed_over", note=note
        )
        assert answer.json() == {"said": None, "card": None, "gone": True}
        rows = await d.rows("SELECT state, holder, outcome, reached, note FROM incident")
        assert rows == [("closed", "east-1", "to_hospital", "handed_over", "已送医院，家属在场")]
        done = await d.rows("SELECT kind FROM alert_event WHERE staff = 'east-1' ORDER BY id")
        assert [kind for (kind,) in done] == [
            "acknowledge", "called", "on_the_way", "on_site", "close",
        ]  # fmt: skip

    at_desk(store, run)


def test_the_second_of_two_is_told_who_was_first(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        incident, east = await _only(d), await d.signed_in("east-1")
        await _do(east, incident, action="escalate")
        street = await d.signed_in("street-1")
        tokens = await asyncio.gather(_token(east), _token(street))
        first, second = await asyncio.gather(
            _do(east, incident, action="acknowledge", csrf=tokens[0]),
            _do(street, incident, action="acknowledge", csrf=tokens[1]),
        )
        won, lost = sorted((first, second), key=lambda answer: answer.status_code)
        assert (won.status_code, lost.status_code) == (200, 409)
        ((holder,),) = await d.rows("SELECT holder FROM incident")
        name = {"east-1": "east值班", "street-1": "street值班"}[holder]
        assert name in lost.json()["said"]
        assert name in lost.json()["card"]

    at_desk(store, run)


def test_a_red_does_not_close_without_saying_how_the_person_was_reached(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        incident, east = await _only(d), await d.signed_in("east-1")
        await _do(east, incident, action="acknowledge")
        for fields in ({}, {"outcome": "genuine"}, {"outcome": "no_answer", "reached": "spoken"}):
            answer = await _do(east, incident, action="close", **fields)
            assert answer.status_code == 409
            assert answer.json()["said"]
            assert incident in answer.json()["card"]
        english = await east.get("/?lang=en")
        answer = await _do(east, incident, action="close", outcome="genuine")
        assert "how the person was reached" in answer.json()["said"]
        assert "Nobody has it yet" not in english.text
        answer = await _do(east, incident, action="close", outcome="genuine", reached="seen")
        assert answer.json()["gone"] is True

    at_desk(store, run)


def test_without_scripts_a_refusal_shows_on_the_board(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        incident, east = await _only(d), await d.signed_in("east-1")
        token = await _token(east)
        good = await east.post(
            f"/incidents/{incident}", data={"csrf": token, "action": "acknowledge"}
        )
        assert (good.status_code, good.headers["location"]) == (303, f"/#incident-{incident}")
        bad = await east.post(f"/incidents/{incident}", data={"csrf": token, "action": "close"})
        assert bad.status_code == 409
        assert "结案前请选择处置结果" in bad.text
        assert cards_of(bad.text) == [incident]

    at_desk(store, run)


def test_every_post_needs_the_sessions_token(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        incident, east = await _only(d), await d.signed_in("east-1")
        other = await _token(await d.signed_in("west-1"))
        for token in ("", "guess", other):
            fields = {"csrf": token, "action": "acknowledge"}
            for path in (f"/incidents/{incident}", f"/tasks/{uuid4()}"):
                answer = await east.post(path, data=fields, headers=JSON)
                assert answer.status_code == 403
                assert "said" in answer.json()
        assert await d.rows("SELECT state FROM incident") == [("open",)]

    at_desk(store, run)


@pytest.mark.parametrize("action", ["", "delete", "ACKNOWLEDGE"])
def test_an_action_that_no_page_sends_is_refused(store: str, action: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        incident, east = await _only(d), await d.signed_in("east-1")
        assert (await _do(east, incident, action=action)).status_code == 400

    at_desk(store, run)


def test_tasks_stand_apart_and_are_finished_with_a_note(store: str) -> None:
    async def run(d: Desk) -> None:
        silent = change(
            "h1", at=d.now, rule="device-silent", severity=Severity.BLUE, category=Category.DEVICE,
            zh="床垫已 17 分钟没有消息。",
        )  # fmt: skip
        await d.raised(silent)
        east, west = await d.signed_in("east-1"), await d.signed_in("west-1")
        page = (await east.get("/")).text
        assert cards_of(page) == []
        assert "床垫已 17 分钟没有消息。" in page
        ((task,),) = await d.rows("SELECT id FROM task")
        foreign = {"csrf": await _token(west), "note": ""}
        assert (await west.post(f"/tasks/{task}", data=foreign)).status_code == 404
        fields = {"csrf": csrf_of(page), "note": "换了电源"}
        answer = await east.post(f"/tasks/{task}", data=fields, headers=JSON)
        assert answer.status_code == 200
        assert "床垫已" not in answer.json()["tasks"]
        assert await d.rows("SELECT done_by, note FROM task") == [("east-1", "换了电源")]
        again = await east.post(f"/tasks/{task}", data=fields, headers=JSON)
        assert again.status_code == 409

    at_desk(store, run)


def test_text_from_outside_stays_text(store: str) -> None:
    async def run(d: Desk) -> None:
        evil = "<script>alert(1)</script>\"'><img src=x onerror=1>"
        await d.rows("UPDATE home SET address = %s, door_note = %s RETURNING 1", evil, evil)
        await d.rows("UPDATE elder SET name = %s, note = %s RETURNING 1", evil, evil)
        await d.rows("UPDATE contact SET name = %s, phone = %s RETURNING 1", evil, evil)
        await d.rows("UPDATE staff SET name = %s RETURNING 1", evil)
        await d.raised(change("h1", at=d.now, zh=evil))
        client = await d.signed_in("east-1")
        page = (await client.get("/")).text
        assert "<img" not in page
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
        card = (await _do(client, await _only(d), action="acknowledge")).json()["card"]
        assert "<img" not in card

    at_desk(store, run)


def test_looking_at_names_is_audited_with_ids_only(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        await (await d.signed_in("east-1")).get("/")
        rows = await d.rows(
            "SELECT at, staff, subject, detail FROM audit WHERE action = 'board.view'"
        )
        detail = {"incidents": [await _only(d)], "tasks": []}
        assert rows == [(d.now, "east-1", "east", detail)]

    at_desk(store, run)


@pytest.mark.parametrize("role", ["supervisor", "admin"])
def test_other_roles_see_figures_and_no_names(store: str, role: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        await d.rows("UPDATE staff SET role = %s WHERE id = 'east-1' RETURNING 1", role)
        client = await d.signed_in("east-1")
        page = await client.get("/")
        assert page.status_code == 200
        assert "老人1" not in page.text
        assert "幸福路" not in page.text
        for path in ("/events", f"/incidents/{await _only(d)}"):
            assert (await client.get(path)).status_code == 403
        assert (await _do(client, await _only(d), action="acknowledge")).status_code == 403
        assert await d.rows("SELECT count(*) FROM audit WHERE action = 'board.view'") == [(0,)]

    at_desk(store, run)
