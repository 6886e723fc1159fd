"""Signing in and out: who gets in, who waits, and what a session is worth."""

import asyncio
from hashlib import sha256

import httpx
import pytest
from argon2 import PasswordHasher

from stations.console.passwords import Passwords
from tests.support.desk import PASSWORD, Desk, at_desk, csrf_of, desk, sign_in


def _cookie(answer: httpx.Response) -> str:
    return next(c for c in answer.headers.get_list("set-cookie") if c.startswith("vigil="))


def test_a_worker_signs_in_and_the_store_keeps_only_a_hash(store: str) -> None:
    async def run(d: Desk) -> None:
        client = d.client()
        answer = await sign_in(client, "east-1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = _cookie(answer)
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Path=/" in cookie
        token = client.cookies["vigil"]
        rows = await d.rows("SELECT token_hash, staff FROM console_session")
        assert rows == [(sha256(token.encode()).digest(), "east-1")]
        assert (await client.get("/")).status_code == 200
        assert await d.rows("SELECT staff FROM audit WHERE action = 'login'") == [("east-1",)]

    at_desk(store, run)


@pytest.mark.parametrize(
    ("staff", "password"),
    [
        ("east-1", "wrong"),
        ("nobody-at-all", PASSWORD),
        ("", PASSWORD),
        ("east-1", ""),
        ("east-1", "x" * 5000),
        ("\x00'; DROP TABLE staff; --", PASSWORD),
        ("東" * 300, PASSWORD),
    ],
)
def test_wrong_credentials_all_look_the_same(store: str, staff: str, password: str) -> None:
    async def run(d: Desk) -> None:
        answer = await sign_in(d.client(), staff, password)
        assert answer.status_code == 403
        assert "工号或密码不对" in answer.text
        assert not any(c.startswith("vigil=") for c in answer.headers.get_list("set-cookie"))
        assert await d.rows("SELECT count(*) FROM console_session") == [(0,)]

    at_desk(store, run)


def test_nobody_without_a_password_or_retired_gets_in(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.rows("UPDATE staff SET password_hash = NULL WHERE id = 'east-1' RETURNING 1")
        await d.rows("UPDATE staff SET retired_at = now() WHERE id = 'west-1' RETURNING 1")
        for staff in ("east-1", "west-1"):
            assert (await sign_in(d.client(), staff)).status_code == 403

    at_desk(store, run)


def test_an_account_waits_after_five_failures_and_waits_are_bounded(store: str) -> None:
    async def run(d: Desk) -> None:
        client, other = d.client(), d.client()
        for _ in range(5):
            assert (await sign_in(client, "east-1", "wrong")).status_code == 403
        locked = await sign_in(client, "east-1")
        assert locked.status_code == 429, "the right password waits as well"
        assert locked.headers["retry-after"] == "30"
        assert (await sign_in(other, "west-1")).status_code == 303, "others do not wait"
        d.passes(30)
        assert (await sign_in(client, "east-1", "wrong")).status_code == 403
        assert (await sign_in(client, "east-1")).headers["retry-after"] == "60"
        for _ in range(6):
            d.passes(300)
            assert (await sign_in(client, "east-1", "wrong")).status_code == 403
        assert (await sign_in(client, "east-1")).headers["retry-after"] == "300"
        d.passes(300)
        assert (await sign_in(client, "east-1")).status_code == 303
        assert await d.rows("SELECT failures FROM console_attempt") == [(12,)], "the address's"

    at_desk(store, run)


def test_many_guesses_at_once_gain_nothing(store: str) -> None:
    async def run(d: Desk) -> None:
        clients = [d.client() for _ in range(12)]
        answers = await asyncio.gather(*(sign_in(c, "east-1", "wrong") for c in clients))
        assert sorted(a.status_code for a in answers) == [403] * 5 + [429] * 7

    at_desk(store, run)


def test_unknown_accounts_wait_like_known_ones(store: str) -> None:
    async def run(d: Desk) -> None:
        client = d.client()
        answers = [await sign_in(client, "no-such", "wrong") for _ in range(6)]
        assert [a.status_code for a in answers] == [403] * 5 + [429]

    at_desk(store, run)


def test_a_login_makes_a_new_token_and_ends_the_old_one(store: str) -> None:
    async def run(d: Desk) -> None:
        client = await d.signed_in("east-1")
        old = client.cookies["vigil"]
        await client.post("/logout", data={"csrf": csrf_of((await client.get("/")).text)})
        assert (await client.get("/")).status_code == 303

        client = await d.signed_in("east-1")
        first = client.cookies["vigil"]
        client.cookies.set("vigil_login", "chosen", domain="desk.test", path="/login")
        fields = {"csrf": "chosen", "staff": "east-1", "password": PASSWORD}
        answer = await client.post("/login", data=fields)
        assert answer.status_code == 303
        assert client.cookies["vigil"] not in (first, old)
        assert await d.rows("SELECT count(*) FROM console_session") == [(1,)]
        stale = d.client()
        stale.cookies.set("vigil", first, domain="desk.test")
        assert (await stale.get("/")).headers["location"] == "/login"

    at_desk(store, run)


def test_sessions_end_by_age_by_idleness_and_by_retirement(store: str) -> None:
    async def run(d: Desk) -> None:
        client = await d.signed_in("east-1")
        d.passes(59 * 60)
        assert (await client.get("/")).status_code == 200, "seen: the idle hour starts anew"
        d.passes(61 * 60)
        assert (await client.get("/")).status_code == 303, "idle for an hour"

        client = await d.signed_in("east-1")
        for _ in range(17):
            d.passes(45 * 60)
            assert (await client.get("/")).status_code == 200
        d.passes(45 * 60)
        assert (await client.get("/")).status_code == 303, "older than a shift"

        client = await d.signed_in("east-1")
        await d.rows("UPDATE staff SET retired_at = now() WHERE id = 'east-1' RETURNING 1")
        assert (await client.get("/")).status_code == 303, "retired"

    at_desk(store, run)


def test_a_login_form_of_a_stranger_is_not_taken(store: str) -> None:
    async def run(d: Desk) -> None:
        fields = {"csrf": "guessed", "staff": "east-1", "password": PASSWORD}
        answer = await d.client().post("/login", data=fields)
        assert answer.status_code == 403
        assert await d.rows("SELECT count(*) FROM console_session") == [(0,)]

    at_desk(store, run)


def test_logout_needs_the_token_and_forgets_the_session(store: str) -> None:
    async def run(d: Desk) -> None:
        client = await d.signed_in("east-1")
        page = await client.get("/")
        assert (await client.post("/logout", data={"csrf": "no"})).status_code == 403
        answer = await client.post("/logout", data={"csrf": csrf_of(page.text)})
        assert answer.headers["location"] == "/login"
        assert await d.rows("SELECT count(*) FROM console_session") == [(0,)]

    at_desk(store, run)


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(store: str) -> None:
    async def run() -> None:
        async with desk(store, secure=True) as d:
            client = d.client()
            client.base_url = "https://desk.test"
            answer = await sign_in(client, "east-1")
            cookie = next(
                c for c in answer.headers.get_list("set-cookie") if c.startswith("__Host-vigil=")
            )
            assert "Secure" in cookie
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
            assert (await client.get("/")).status_code == 200

    asyncio.run(run())


def test_a_weaker_hash_is_replaced_at_login(store: str) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)

    async def run(d: Desk) -> None:
        await d.rows("UPDATE staff SET password_hash = %s WHERE id = 'east-1' RETURNING 1", weak)
        await d.signed_in("east-1")
        ((stored,),) = await d.rows("SELECT password_hash FROM staff WHERE id = 'east-1'")
        assert stored != weak
        assert not Passwords().outdated(stored)
        await d.signed_in("east-1")

    at_desk(store, run)


def test_a_damaged_hash_lets_nobody_in() -> None:
    assert asyncio.run(Passwords().matches("$argon2id$broken", PASSWORD)) is False


def test_the_login_page_speaks_both_languages(store: str) -> None:
    async def run(d: Desk) -> None:
        client = d.client()
        assert 'lang="zh-CN"' in (await client.get("/login")).text
        assert "Sign in" in (await client.get("/login?lang=en")).text
        assert "Sign in" in (await client.get("/login")).text, "remembered"
        assert "登录" in (await client.get("/login?lang=zh")).text
        assert "登录" in (await client.get("/login?lang=xx")).text, "unknown: as it was"

    at_desk(store, run)
