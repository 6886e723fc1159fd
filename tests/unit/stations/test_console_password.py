"""The own password: changed by who knows the present one, and what that ends."""

import httpx
import pytest

from schemas.directory import Role
from tests.support.desk import PASSWORD, Desk, at_desk, sign_in
from tests.support.office import does

NEW = "a long new one"


async def change(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    said = {"old": PASSWORD, "new": NEW, "again": NEW} | fields
    return await does(client, "/password", "/password", **said)


@pytest.mark.parametrize("role", list(Role))
def test_everybody_changes_their_own_and_stays_signed_in(store: str, role: Role) -> None:
    async def run(d: Desk) -> None:
        await d.rows("UPDATE staff SET role = %s WHERE id = 'east-1' RETURNING 1", role)
        here, elsewhere = await d.signed_in("east-1"), await d.signed_in("east-1")
        other = await d.signed_in("west-1")
        token = here.cookies["vigil"]
        answer = await change(here)
        assert answer.headers["location"] == "/password?done=1"
        assert here.cookies["vigil"] != token
        assert "密码已经改好" in (await here.get("/password?done=1")).text
        assert (await elsewhere.get("/")).status_code == 303
        assert (await other.get("/")).status_code == 200
        assert (await sign_in(d.client(), "east-1")).status_code == 403
        assert (await sign_in(d.client(), "east-1", NEW)).status_code == 303
        trail = await d.rows("SELECT staff, subject FROM audit WHERE action = 'password.change'")
        assert trail == [("east-1", "east-1")]

    at_desk(store, run)


def test_a_shift_goes_on(store: str) -> None:
    async def run(d: Desk) -> None:
        client = await d.signed_in("east-1")
        await does(client, "/", "/shift")
        await change(client)
        assert await d.rows("SELECT staff FROM shift WHERE ended_at IS NULL") == [("east-1",)]

    at_desk(store, run)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"old": "wrong"}, "现在的密码不对"),
        ({"new": "short", "again": "short"}, "新密码至少 10 个字符"),
        ({"again": "another one"}, "两次输入的新密码不一样"),
        ({"new": PASSWORD, "again": PASSWORD}, "新密码和现在的一样"),
        ({"new": "x" * 1025, "again": "x" * 1025}, "新密码至少 10 个字符"),
    ],
)
def test_what_is_refused_changes_nothing(store: str, fields: dict[str, str], said: str) -> None:
    async def run(d: Desk) -> None:
        client = await d.signed_in("east-1")
        answer = await change(client, **fields)
        assert answer.status_code == 409
        assert said in answer.text
        assert (await client.get("/")).status_code == 200
        assert (await sign_in(d.client(), "east-1")).status_code == 303

    at_desk(store, run)


def test_a_session_in_wrong_hands_does_not_guess(store: str) -> None:
    async def run(d: Desk) -> None:
        client = await d.signed_in("east-1")
        for _ in range(5):
            assert "现在的密码不对" in (await change(client, old="guess")).text
        answer = await change(client)
        assert answer.status_code == 409
        assert "30 秒后再试" in answer.text
        assert (await sign_in(d.client(), "east-1")).status_code == 303, "signing in does not wait"
        d.passes(30)
        assert (await change(client)).status_code == 303

    at_desk(store, run)
