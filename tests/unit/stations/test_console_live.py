"""The live stream over a real server: what comes, in which order, and what a page gets again."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from stations.console.serve import serve
from tests.support.desk import Desk, change, cookie_of, csrf_of, desk

PATIENCE = 20.0  # seconds; only a failing test waits so long


class Event(NamedTuple):
    name: str
    data: dict[str, Any]
    id: str


@asynccontextmanager
async def served(d: Desk) -> AsyncIterator[str]:
    """The desk's console on a real port; the test's own lifespan runs the boards."""
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(d.app, "127.0.0.1", 0, ready=port.set_result))
    try:
        yield f"http://127.0.0.1:{await asyncio.wait_for(port, PATIENCE)}"
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


async def heard(response: httpx.Response) -> AsyncGenerator[Event, None]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            yield Event(fields["event"], json.loads(fields["data"]), fields.get("id", ""))
            fields = {}


@asynccontextmanager
async def stream(
    url: str, cookie: dict[str, str], after: str = "", **headers: str
) -> AsyncIterator[AsyncIterator[Event]]:
    """A page's stream; every event must come within PATIENCE."""
    async with (
        httpx.AsyncClient(base_url=url, cookies=cookie, timeout=PATIENCE) as client,
        client.stream("GET", f"/events?after={after}", headers=headers) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        async with aclosing(heard(response)) as events:
            yield events


async def until(events: AsyncIterator[Event], name: str) -> list[Event]:
    """Everything up to and with the next event of a name, without pings."""
    seen = []
    async for event in events:
        if event.name != "ping" or name == "ping":
            seen.append(event)
        if event.name == name:
            return seen
    raise AssertionError(f"the stream ended before {name}: {seen}")


Run = Callable[[Desk, str, dict[str, str]], Awaitable[None]]


async def _with(store: str, run: Run, **settings: Any) -> None:
    """A desk on a port, and east's worker signed in."""
    async with desk(store, following=False, **settings) as d, served(d) as url:
        client = await d.signed_in("east-1")
        await asyncio.wait_for(run(d, url, cookie_of(client)), 60)


def test_cards_come_change_and_go_without_reload(store: str) -> None:
    async def run(d: Desk, url: str, cookie: dict[str, str]) -> None:
        async with stream(url, cookie) as events:
            first = await until(events, "synced")
            assert [e.name for e in first] == ["reset", "tasks", "synced"]
            await d.raised(change("h1", at=d.now))
            card, synced = await until(events, "synced")
            ((incident,),) = await d.rows("SELECT id::text FROM incident")
            assert card.data["id"] == incident
            assert "我来处理" in card.data["html"]
            assert synced.id

            async with httpx.AsyncClient(base_url=url, cookies=cookie) as other:
                page = (await other.get("/")).text
                fields = {"csrf": csrf_of(page), "action": "acknowledge"}
                await other.post(f"/incidents/{incident}", data=fields)
                card = (await until(events, "synced"))[0]
                assert 'data-state="acknowledged"' in card.data["html"]
                fields |= {"action": "close", "quick": "false_alarm:spoken"}
                await other.post(f"/incidents/{incident}", data=fields)
                gone = (await until(events, "synced"))[0]
                assert (gone.name, gone.data) == ("remove", {"id": incident})

    asyncio.run(_with(store, run))


def test_a_card_that_comes_to_a_live_page_is_a_look_on_record_once(store: str) -> None:
    async def run(d: Desk, url: str, cookie: dict[str, str]) -> None:
        async with stream(url, cookie) as events:
            await until(events, "synced")
            for second in (0, 40):  # a new card, and a change of it
                await d.raised(change("h1", at=d.now + timedelta(seconds=second)))
                await until(events, "synced")
        ((incident,),) = await d.rows("SELECT id::text FROM incident")
        looks = await d.rows("SELECT staff, detail FROM audit WHERE action = 'board.view'")
        assert looks == [("east-1", {"incidents": [incident]})]

    asyncio.run(_with(store, run))


def test_a_page_that_comes_back_gets_exactly_what_it_missed(store: str) -> None:
    async def run(d: Desk, url: str, cookie: dict[str, str]) -> None:
        await d.raised(change("h1", at=d.now), change("h3", at=d.now))
        async with stream(url, cookie) as events:
            last = (await until(events, "synced"))[-1].id
        homes = {home: id_ for id_, home in await d.rows("SELECT id::text, home FROM incident")}
        await d.rows(
            "UPDATE incident SET state = 'closed', revision = revision + 1 WHERE home = 'h1'"
            " RETURNING pg_notify('vigil_incident', id::text)"
        )
        await d.raised(change("h5", at=d.now))
        homes = {home: id_ for id_, home in await d.rows("SELECT id::text, home FROM incident")}
        async with stream(url, cookie, **{"last-event-id": last}) as events:
            missed = await until(events, "synced")
            if len(missed) < 3:  # the boards had not been read yet when we came back
                missed = missed[:-1] + await until(events, "synced")
            told = {(e.name, e.data.get("id")) for e in missed}
            assert told == {("remove", homes["h1"]), ("card", homes["h5"]), ("synced", None)}

    asyncio.run(_with(store, run))


def test_a_page_of_another_server_starts_from_nothing(store: str) -> None:
    async def run(d: Desk, url: str, cookie: dict[str, str]) -> None:
        await d.raised(change("h1", at=d.now))
        for after in ("beef.1", "garbage", ".", "beef.-1", "beef.٣"):
            async with stream(url, cookie, after=after) as events:
                names = [e.name for e in await until(events, "synced")]
                assert names == ["reset", "card", "tasks", "synced"], after

    asyncio.run(_with(store, run))


def test_the_page_itself_says_where_its_stream_goes_on(store: str) -> None:
    async def run(d: Desk, url: str, cookie: dict[str, str]) -> None:
        await d.raised(change("h1", at=d.now))
        async with httpx.AsyncClient(base_url=url, cookies=cookie) as client:
            page = (await client.get("/")).text
        after = page.split('data-after="')[1].split('"')[0]
        async with stream(url, cookie, after=after) as events:
            await until(events, "ping")
            await d.raised(change("h3", at=d.now))
            assert [e.name for e in await until(events, "synced")] == ["card", "synced"]

    asyncio.run(_with(store, run))


def test_pings_tell_the_time_and_that_all_is_well(store: str) -> None:
    async def run(d: Desk, url: str, cookie: dict[str, str]) -> None:
        async with stream(url, cookie) as events:
            await until(events, "synced")
            (ping,) = await until(events, "ping")
            assert ping.data["problems"] == []
            assert abs(ping.data["now"] - d.now.timestamp() * 1000) < 60_000

    asyncio.run(_with(store, run, ping_s=0.05, poll_s=0.05))


def test_a_part_that_stopped_is_told_to_pages_and_to_watchers(store: str) -> None:
    async def run(d: Desk, url: str, cookie: dict[str, str]) -> None:
        async with stream(url, cookie) as events, httpx.AsyncClient(base_url=url) as client:
            await until(events, "synced")
            assert (await client.get("/healthz")).json() == {"status": "ok", "problems": []}
            d.stopped.append("ladder")
            (ping,) = await until(events, "ping")
            while not ping.data["problems"]:
                (ping,) = await until(events, "ping")
            assert ping.data["problems"] == ["ladder"]
            answer = await client.get("/healthz")
            assert (answer.status_code, answer.json()["problems"]) == (503, ["ladder"])

    asyncio.run(_with(store, run, ping_s=0.05))


def test_the_stream_ends_with_the_session(store: str) -> None:
    async def run(d: Desk, url: str, cookie: dict[str, str]) -> None:
        async with stream(url, cookie) as events:
            await until(events, "synced")
            await d.rows("DELETE FROM console_session RETURNING 1")
            assert (await until(events, "signed_out"))[-1].name == "signed_out"
            assert [e async for e in events] == []

    asyncio.run(_with(store, run, ping_s=0.05))


def test_a_station_hears_nothing_of_anothers_incidents(store: str) -> None:
    async def run(d: Desk, url: str, cookie: dict[str, str]) -> None:
        async with stream(url, cookie) as events:
            await until(events, "synced")
            await d.raised(change("h2", at=d.now))
            await d.raised(change("h1", at=d.now))
            cards = [e for e in await until(events, "synced") if e.name == "card"]
            ((own,),) = await d.rows("SELECT id::text FROM incident WHERE home = 'h1'")
            assert [card.data["id"] for card in cards] == [own]

    asyncio.run(_with(store, run))


def test_changed_names_reach_the_page(store: str) -> None:
    async def run(d: Desk, url: str, cookie: dict[str, str]) -> None:
        await d.raised(change("h1", at=d.now))
        async with stream(url, cookie) as events:
            await until(events, "synced")
            await d.rows("UPDATE home SET address = '新地址一号' WHERE id = 'h1' RETURNING 1")
            await d.rows("UPDATE directory_version SET version = version + 1 RETURNING 1")
            card = (await until(events, "synced"))[0]
            assert "新地址一号" in card.data["html"]

    asyncio.run(_with(store, run, poll_s=0.05))


def test_stopping_the_server_ends_live_pages_at_once(store: str) -> None:
    async def run() -> None:
        async with desk(store, following=False) as d:
            cookie = cookie_of(await d.signed_in("east-1"))
            async with served(d) as url:
                page = stream(url, cookie)
                events = await page.__aenter__()
                await until(events, "synced")
            assert not [e async for e in events if e.name != "ping"]
            await page.__aexit__(None, None, None)

    asyncio.run(asyncio.wait_for(run(), 30))


def test_a_port_that_is_taken_is_an_error_at_once(store: str) -> None:
    async def run(d: Desk, url: str, _cookie: dict[str, str]) -> None:
        port = int(url.rsplit(":", 1)[1])
        with pytest.raises(OSError, match="in use"):
            await serve(d.app, "127.0.0.1", port)

    asyncio.run(_with(store, run))


def test_a_store_that_is_away_is_told_at_once_and_nothing_is_lost(store: str) -> None:
    name = conninfo_to_dict(store)["dbname"]

    def admit(admitted: bool) -> None:
        """Let everybody into the database, or throw everybody out."""
        with psycopg.connect(store, dbname="postgres", autocommit=True) as admin:
            switch = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            admin.execute(switch.format(sql.Identifier(str(name)), sql.Literal(admitted)))
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )

    async def run(d: Desk, url: str, cookie: dict[str, str]) -> None:
        async with (
            stream(url, cookie) as events,
            httpx.AsyncClient(base_url=url, cookies=cookie, timeout=PATIENCE) as client,
        ):
            await until(events, "synced")
            admit(False)
            (ping,) = await until(events, "ping")
            while ping.data["problems"] != ["store"]:
                (ping,) = await until(events, "ping")
            assert (await client.get("/healthz")).status_code == 503
            assert (await client.get("/")).status_code == 503
            admit(True)
            while ping.data["problems"]:
                (ping,) = await until(events, "ping")
            await d.raised(change("h1", at=d.now))
            assert [e.name for e in await until(events, "synced")] == ["card", "synced"]

    asyncio.run(_with(store, run, ping_s=0.1, poll_s=0.2))
