"""Handing over: an incident to a named colleague, a shift to the next; and a call by telephone."""

import httpx

from tests.support.desk import Desk, at_desk, cards_of, change, csrf_of

JSON = {"accept": "application/json"}


async def _send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    fields["csrf"] = csrf_of((await client.get("/")).text)
    return await client.post(path, data=fields, headers=JSON)


async def _held(d: Desk) -> tuple[str, httpx.AsyncClient, httpx.AsyncClient]:
    """An incident of h1 in east-1's hands that the street knows of too, and both desks."""
    await d.raised(change("h1", at=d.now))
    ((incident,),) = await d.rows("SELECT id::text FROM incident")
    east, street = await d.signed_in("east-1"), await d.signed_in("street-1")
    for action in ("acknowledge", "escalate"):
        await _send(east, f"/incidents/{incident}", action=action)
    return incident, east, street


def test_a_colleague_is_asked_and_rings_until_they_take_it(store: str) -> None:
    async def run(d: Desk) -> None:
        incident, east, street = await _held(d)
        assert 'data-page=""' in (await street.get("/")).text
        card = (await east.get("/")).text
        assert '<option value="street-1">' in card
        assert '<option value="east-1">' not in card
        assert '<option value="west-1">' not in card
        d.passes(5)
        answer = await _send(
            east, f"/incidents/{incident}", action="hand_over", to="street-1", note="我去车里拿钥匙"
        )
        assert answer.status_code == 200
        assert "已请 street值班 接手" in answer.json()["card"]
        page = (await street.get("/")).text
        assert f'data-page="{incident}@' in page  # it rings there
        assert "已请 street值班 接手" in page
        assert await d.rows("SELECT holder FROM incident") == [("east-1",)]
        await _send(street, f"/incidents/{incident}", action="acknowledge")
        assert await d.rows("SELECT holder FROM incident") == [("street-1",)]
        page = (await east.get("/")).text
        assert 'data-page=""' in page
        assert "已请" not in page

    at_desk(store, run)


def test_it_is_handed_only_to_somebody_whom_it_has_reached(store: str) -> None:
    async def run(d: Desk) -> None:
        incident, east, _ = await _held(d)
        for to in ("", "west-1", "nobody", "east-1"):
            answer = await _send(east, f"/incidents/{incident}", action="hand_over", to=to)
            assert answer.status_code == 409, to
            assert answer.json()["said"]

    at_desk(store, run)


def test_what_the_last_shift_had_to_say_stands_on_the_board_for_half_a_day(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.raised(change("h1", at=d.now))
        ((incident,),) = await d.rows("SELECT id::text FROM incident")
        east = await d.signed_in("east-1")
        await _send(east, "/shift")
        await _send(east, f"/incidents/{incident}", action="acknowledge")
        page = (await east.get("/leave")).text
        assert "您手上还有 1 起警情" in page
        await east.post("/logout", data={"csrf": csrf_of(page), "note": "3 号楼停电到六点"})
        rows = await d.rows("SELECT holder, ladder_from IS NOT NULL FROM incident")
        assert rows == [(None, True)]
        d.passes(3600)
        assert "3 号楼停电到六点" in (await (await d.signed_in("east-1")).get("/")).text
        assert "停电" not in (await (await d.signed_in("west-1")).get("/")).text
        d.passes(11.5 * 3600)
        assert "停电" not in (await (await d.signed_in("east-1")).get("/")).text

    at_desk(store, run)


def test_a_call_by_telephone_becomes_an_incident_on_the_board(store: str) -> None:
    async def run(d: Desk) -> None:
        east = await d.signed_in("east-1")
        answer = await _send(east, "/homes/h3/incidents", severity="red", note="邻居来电")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        await d.raised()  # the stations take it in
        page = (await east.get("/")).text
        assert len(cards_of(page)) == 1
        assert "幸福路3号" in page
        told = await d.rows("SELECT staff, detail FROM alert_event WHERE kind = 'opened_by_hand'")
        assert told == [("east-1", {"note": "邻居来电"})]

    at_desk(store, run)


def test_nobody_opens_an_incident_to_see_who_lives_elsewhere(store: str) -> None:
    async def run(d: Desk) -> None:
        east = await d.signed_in("east-1")
        for home in ("h2", "h99"):  # west's, nobody's
            assert (
                await _send(east, f"/homes/{home}/incidents", severity="red")
            ).status_code == 404
        for severity in ("", "purple"):
            answer = await _send(east, "/homes/h1/incidents", severity=severity)
            assert answer.status_code == 400
        assert (await _send(east, "/homes/h1/incidents", severity="blue")).status_code == 409
        assert await d.rows("SELECT count(*) FROM alert") == [(0,)]

    at_desk(store, run)


def test_times_are_the_readers_and_the_elders_where_they_differ(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.rows("UPDATE elder SET zone = 'Asia/Urumqi' WHERE id = 'e1' RETURNING 1")
        await d.raised(change("h1", at=d.now), change("h3", at=d.now))  # 19:30 UTC
        east = await d.signed_in("east-1")
        page = (await east.get("/")).text
        assert page.count("03:30 报警") == 2
        assert page.count("（当地 01:30）") == 2  # the incident's and the alert's, of h1 alone
        east.cookies.set("vigil_zone", "Europe/Paris")
        page = (await east.get("/")).text
        assert page.count("20:30 报警") == 2
        assert page.count("（当地 01:30）") == 2
        assert page.count("（当地 03:30）") == 2
        east.cookies.set("vigil_zone", "../../etc/passwd")
        assert (await east.get("/")).text.count("03:30 报警") == 2

    at_desk(store, run)
