"""The incident page and the elder's page: what they tell, to whom, and what is done from them."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator

import httpx
import pytest

from schemas.alerts import Category, Severity
from store.connect import connect
from tests.support import watched
from tests.support.desk import Desk, change, csrf_of, desk, fresh_store
from vigil.embedded.postgres import Postgres

JSON = {"accept": "application/json"}


@pytest.fixture
def store(postgres: Postgres) -> Iterator[str]:
    with fresh_store(postgres.dsn) as dsn:
        yield dsn


async def _with(store: str, run: Callable[[Desk], Awaitable[None]]) -> None:
    async with desk(store) as d:
        await run(d)


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

    asyncio.run(_with(store, run))


def _fill(dsn: str, d: Desk) -> None:
    with connect(dsn, application="test") as connection:
        watched.nights(connection, now=d.now)
