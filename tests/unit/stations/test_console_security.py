"""What every answer carries, and what is refused before it is read."""

import asyncio
import re
from pathlib import Path
from uuid import uuid4

import pytest

from stations.console.security import HEADERS
from tests.support.desk import csrf_of, desk

CONSOLE = Path(__file__).parents[3] / "stations" / "console"


def test_every_answer_carries_the_headers(store: str) -> None:
    async def run() -> None:
        async with desk(store) as d:
            stranger, worker = d.client(), await d.signed_in("east-1")
            for client in (stranger, worker):
                for method, path in (
                    ("GET", "/"), ("GET", "/login"), ("GET", "/healthz"), ("GET", "/session"),
                    ("GET", "/static/board.js"), ("GET", "/nowhere"), ("PUT", "/"),
                    ("POST", "/login"), ("POST", "/logout"), ("POST", f"/tasks/{uuid4()}"),
                    ("GET", f"/incidents/{uuid4()}"), ("GET", "/static/../app.py"),
                ):  # fmt: skip
                    answer = await client.request(method, path)
                    for name, value in HEADERS.items():
                        assert answer.headers[name] == value, (method, path, name)
                    keeps = "no-cache" if answer.status_code == 200 and "static" in path else None
                    assert answer.headers["cache-control"] == (keeps or "no-store"), path
                    assert answer.status_code < 500

    asyncio.run(run())


def test_the_policy_allows_no_inline_script_style_or_frame() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("page", sorted((CONSOLE / "templates").rglob("*.html")), ids=str)
def test_templates_need_no_exception_from_the_policy(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=\"/static/)", text)
    assert not re.search(r"\s(on\w+|style)=", text)
    assert "<style" not in text
    assert not re.search(r"(src|href|action)=\"(https?:)?//", text)


def test_without_a_login_there_is_nothing_to_see(store: str) -> None:
    async def run() -> None:
        async with desk(store) as d:
            client = d.client()
            for path in ("/", f"/incidents/{uuid4()}"):
                answer = await client.get(path)
                assert (answer.status_code, answer.headers["location"]) == (303, "/login")
            for path in ("/events", "/session"):
                assert (await client.get(path)).status_code == 401
            for path in (f"/incidents/{uuid4()}", f"/tasks/{uuid4()}"):
                assert (await client.post(path, data={"action": "acknowledge"})).status_code == 401

    asyncio.run(run())


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.test"},
        {"origin": "http://desk.test:8080"},
    ],
)
def test_a_post_from_another_sites_page_is_refused(store: str, headers: dict[str, str]) -> None:
    async def run() -> None:
        async with desk(store) as d:
            client = await d.signed_in("east-1")
            token = csrf_of((await client.get("/")).text)
            answer = await client.post("/logout", data={"csrf": token}, headers=headers)
            assert answer.status_code == 403
            own = {"sec-fetch-site": "same-origin", "origin": "null"}
            answer = await client.post("/logout", data={"csrf": token}, headers=own)
            assert answer.status_code == 303

    asyncio.run(run())


def test_a_link_from_another_site_asks_again_from_our_own_page(store: str) -> None:
    """A strict cookie is held back on such a visit; the page must not look signed out."""

    async def run() -> None:
        async with desk(store) as d:
            answer = await d.client().get("/", headers={"sec-fetch-site": "cross-site"})
            assert answer.status_code == 200
            assert 'http-equiv="refresh"' in answer.text

    asyncio.run(run())


def test_a_body_that_is_too_long_is_not_read(store: str) -> None:
    async def run() -> None:
        async with desk(store) as d:
            client = await d.signed_in("east-1")
            answer = await client.post("/logout", data={"csrf": "x" * 100_000})
            assert answer.status_code == 413

    asyncio.run(run())


def test_hostile_forms_are_answered_in_words(store: str) -> None:
    async def run() -> None:
        async with desk(store) as d:
            client = await d.signed_in("east-1")
            for content, kind in (
                (b"\xff\xfe&&&==%%%", "application/x-www-form-urlencoded"),
                (b"a=1&" * 500, "application/x-www-form-urlencoded"),
                (b"--x\r\ngarbage", "multipart/form-data; boundary=x"),
                (b"{}", "application/json"),
                (b"", "multipart/form-data"),
            ):
                answer = await client.post(
                    "/logout", content=content, headers={"content-type": kind}
                )
                assert answer.status_code in (400, 403), content

    asyncio.run(run())
