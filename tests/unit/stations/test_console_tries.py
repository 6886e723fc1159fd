"""Who waits at the login: guessers, by account and by address; no worker at their own browser."""

import asyncio

import httpx
import pytest
from pydantic import ValidationError

from stations.console.serve import serve
from stations.console.settings import ConsoleSettings
from tests.support.desk import PASSWORD, Desk, at_desk, csrf_of, desk, sign_in


async def guesses(client: httpx.AsyncClient, *accounts: str) -> list[int]:
    return [(await sign_in(client, account, "wrong")).status_code for account in accounts]


async def out(client: httpx.AsyncClient) -> None:
    await client.post("/logout", data={"csrf": csrf_of((await client.get("/")).text)})


def test_no_stranger_makes_a_worker_wait_where_they_have_signed_in_before(store: str) -> None:
    async def run(d: Desk) -> None:
        worker, stranger = await d.signed_in("east-1"), d.client("203.0.113.7")
        await out(worker)
        assert await guesses(stranger, *["east-1"] * 6) == [403] * 5 + [429]
        assert (await sign_in(d.client(), "east-1")).status_code == 429, "in a new browser"
        assert (await sign_in(worker, "east-1")).status_code == 303
        assert (await sign_in(stranger, "east-1")).status_code == 429, "the stranger still waits"

    at_desk(store, run)


def test_a_known_browser_waits_by_itself_and_for_the_account_it_knows(store: str) -> None:
    async def run(d: Desk) -> None:
        worker = await d.signed_in("east-1")
        await out(worker)
        assert await guesses(worker, *["east-1"] * 6) == [403] * 5 + [429]
        assert (await sign_in(d.client(), "east-1")).status_code == 303
        assert (await sign_in(worker, "street-1")).status_code == 303, "a colleague's account"
        cookie = worker.cookies["vigil_known"]
        await out(worker)
        await sign_in(worker, "street-1")
        assert worker.cookies["vigil_known"] == cookie, "a desk's browser is known for both"
        assert await d.rows("SELECT count(DISTINCT browser), count(*) FROM console_browser") == [
            (2, 3)
        ]

    at_desk(store, run)


def test_an_address_that_tries_many_accounts_waits(store: str) -> None:
    async def run(d: Desk) -> None:
        worker = await d.signed_in("east-1")
        await out(worker)
        stranger = d.client()  # at the same address as the desk
        assert await guesses(stranger, "a", "b", "c", "d") == [403] * 3 + [429]
        assert (await sign_in(d.client(), "west-1")).status_code == 429
        assert (await sign_in(worker, "east-1")).status_code == 303, "the desk works on"
        assert (await sign_in(d.client("203.0.113.7"), "west-1")).status_code == 303
        d.passes(30)
        assert (await sign_in(d.client(), "west-1")).status_code == 303

    at_desk(store, run, address_tries=3)


def test_who_waits_at_an_address_adds_nothing_to_an_account(store: str) -> None:
    async def run(d: Desk) -> None:
        assert await guesses(d.client(), "a", "east-1", "east-1", "east-1") == [403] * 2 + [429] * 2
        assert await guesses(d.client("203.0.113.7"), "east-1") == [403]

    at_desk(store, run, address_tries=2, free_tries=3)


def test_good_logins_do_not_count_for_the_address(store: str) -> None:
    async def run(d: Desk) -> None:
        for staff in ("east-1", "west-1", "street-1", "city-1") * 2:
            assert (await sign_in(d.client(), staff)).status_code == 303
        assert (await guesses(d.client(), "a", "b", "c")) == [403, 403, 429]

    at_desk(store, run, address_tries=2)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::5", "2001:db8:1:2:ffff::6", True),
        ("2001:db8:1:2::5", "2001:db8:1:3::5", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("?", "unix", False),
    ],
)
def test_what_counts_as_one_address(store: str, one: str, other: str, same: bool) -> None:
    async def run(d: Desk) -> None:
        assert await guesses(d.client(one), "a") == [403]
        assert await guesses(d.client(other), "b") == [429 if same else 403]

    at_desk(store, run, address_tries=1)


def test_under_a_new_password_no_browser_is_known(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.rows("UPDATE staff SET role = 'admin' WHERE id = 'city-1' RETURNING 1")
        worker, admin = await d.signed_in("east-1"), await d.signed_in("city-1")
        token = csrf_of((await admin.get("/staff")).text)
        fields = {"csrf": token, "password": PASSWORD}
        await admin.post("/staff/east-1/password", data=fields)
        assert await guesses(d.client("203.0.113.7"), *["east-1"] * 5) == [403] * 5
        assert (await sign_in(worker, "east-1")).status_code == 429
        d.passes(30)
        assert (await sign_in(worker, "east-1")).status_code == 303

    at_desk(store, run)


def test_a_token_that_nobody_gave_is_not_taken(store: str) -> None:
    async def run(d: Desk) -> None:
        client = d.client()
        client.cookies.set("vigil_known", "planted", domain="desk.test", path="/login")
        await sign_in(client, "east-1")
        given = [c.value for c in client.cookies.jar if c.name == "vigil_known"]
        assert given != ["planted"]

    at_desk(store, run)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "same"),
    [
        (["127.0.0.1"], ("203.0.113.7", "203.0.113.8"), False),
        (["127.0.0.0/8"], ("203.0.113.7", "203.0.113.8"), False),
        (["127.0.0.1"], ("198.51.100.1, 203.0.113.7", "198.51.100.2, 203.0.113.7"), True),
        (["192.0.2.1"], ("203.0.113.7", "203.0.113.8"), True),
        ([], ("203.0.113.7", "203.0.113.8"), True),
    ],
    ids=str,
)
def test_only_a_trusted_proxy_says_whose_address_it_is(
    store: str, trusted: list[str], forwarded: tuple[str, str], same: bool
) -> None:
    async def run() -> None:
        async with desk(store, following=False, trusted_proxies=trusted, address_tries=1) as d:
            port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            serving = asyncio.create_task(serve(d.app, "127.0.0.1", 0, ready=port.set_result))
            base = f"http://127.0.0.1:{await port}"
            said: list[int] = []
            for address in forwarded:
                headers = {"X-Forwarded-For": address}
                async with httpx.AsyncClient(base_url=base, headers=headers) as client:
                    said += await guesses(client, f"nobody{len(said)}")
            assert said == [403, 429 if same else 403]
            serving.cancel()
            await asyncio.wait([serving])

    asyncio.run(asyncio.wait_for(run(), 30))


def test_a_proxy_is_an_address() -> None:
    with pytest.raises(ValidationError):
        ConsoleSettings(trusted_proxies=("proxy.example",))
