"""Every channel keeps the promises of `stations.channels.base`, before real receivers on loopback
that take, refuse, fail, stall and lie."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import aiomqtt
import httpx
import pytest
from pydantic import SecretStr

from schemas import topics
from stations.channels.apprise import ApprisePages
from stations.channels.base import Channel, Message, SendError, Undeliverable
from stations.channels.robots import RobotPages
from stations.channels.settings import AppriseOutlet, RobotOutlet, WebhookOutlet
from stations.channels.station_topic import StationTopic
from stations.channels.text import Personal
from stations.channels.webhook import Webhook
from stations.mqtt import Link, Will
from tests.support.proxy import Proxy
from tests.support.receiver import Receiver, answer, receiver
from vigil.embedded.broker import Broker

pytestmark = pytest.mark.anyio

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
NAME, ADDRESS = "王秀兰", "文三路 8 号 3 幢 502"
SECRET = "a key of sixteen or more"
CARD = {
    "id": "0" * 32 + "-3-0",
    "incident": "0" * 32,
    "revision": 3,
    "station": "east",
    "severity": "red",
    "home": "h1",
    "elders": ["e1"],
    "gateway": "g1",
    "onset": "2026-03-02T12:00:00Z",
    "reason": {"zh": "有人求助", "en": "somebody asked for help"},
    "test": False,
    "late": False,
    "link": "https://desk.example/incidents/0",
}


async def _who(card: Mapping[str, Any]) -> Personal:
    return Personal((NAME,), ADDRESS)


async def _phones(station: str, at: datetime) -> list[str]:
    return ["13900000001", "13900000002"] if station == "east" else []


def message(target: str = "east") -> Message:
    return Message("41", target, CARD, AT)


@dataclass
class Bench:
    """A channel and its receiver: what arrived, and how it can be made to misbehave."""

    channel: Channel
    arrived: Callable[[], int]
    fails: Callable[[], None]
    stalls: Callable[[], None]
    heals: Callable[[], None]


Make = Callable[[], AbstractAsyncContextManager[Bench]]


def _over_http(channel: Channel, at: Receiver) -> Bench:
    taken = answer(b'{"errcode":0,"code":0}')

    def says(what: bytes | None) -> Callable[[], None]:
        return lambda: setattr(at, "says", what)

    at.says = taken
    failure = says(answer(b"no", status=b"503 Service Unavailable"))
    return Bench(channel, lambda: len(at.taken), failure, says(None), says(taken))


@asynccontextmanager
async def webhook() -> AsyncIterator[Bench]:
    async with receiver() as at, httpx.AsyncClient(timeout=0.5) as client:
        yield _over_http(Webhook(_webhook(at), client=client), at)


@asynccontextmanager
async def robot() -> AsyncIterator[Bench]:
    async with receiver() as at, httpx.AsyncClient(timeout=0.5) as client:
        yield _over_http(_robot(at, client, kind="dingtalk"), at)


@asynccontextmanager
async def through_apprise() -> AsyncIterator[Bench]:
    async with receiver() as at, _apprise(f"json://127.0.0.1:{at.port}/in?cto=0.5&rto=0.5") as ours:
        yield _over_http(ours, at)


@pytest.fixture
def station_topic(broker: Broker) -> Make:
    @asynccontextmanager
    async def made() -> AsyncIterator[Bench]:
        arrived = 0
        port = int(broker.url.rsplit(":", 1)[1])
        with Proxy(port) as proxy:
            link = Link(
                f"mqtt://127.0.0.1:{proxy.port}",
                client_id="vigil-contract",
                will=Will("vigil/v1/contract/will", b"{}"),
                rng=Random(1),
            )

            async def handle(topic: str, payload: bytes) -> None:
                return

            async with aiomqtt.Client(
                "127.0.0.1", port, identifier="contract-terminal"
            ) as terminal:
                await terminal.subscribe(topics.station_alerts("east"), qos=1)

                async def listen() -> None:
                    nonlocal arrived
                    async for _ in terminal.messages:
                        arrived += 1

                tasks = [
                    asyncio.create_task(link.run((), handle, lambda: None)),
                    asyncio.create_task(listen()),
                ]
                channel = StationTopic(link)
                await channel.ready()
                try:
                    yield Bench(channel, lambda: arrived, proxy.cut, proxy.stall, proxy.resume)
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)

    return made


@pytest.fixture(params=["station_topic", "apprise", "robot", "webhook"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "station_topic":
        made: Make = request.getfixturevalue("station_topic")
        return made
    return {"apprise": through_apprise, "robot": robot, "webhook": webhook}[request.param]


async def test_what_returns_has_arrived_and_each_attempt_arrives_again(make: Make) -> None:
    async with make() as bench:
        await bench.channel.ready()
        await bench.channel.send(message())
        await bench.channel.send(message())
        async with asyncio.timeout(5):
            while bench.arrived() < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_receiver_that_fails_is_a_send_error_and_takes_it_when_it_is_well(
    make: Make,
) -> None:
    async with make() as bench:
        bench.fails()
        with pytest.raises(SendError) as raised:
            await bench.channel.send(message())
        assert not isinstance(raised.value, Undeliverable)
        assert NAME not in str(raised.value)
        bench.heals()
        async with asyncio.timeout(10):
            await bench.channel.ready()
            await bench.channel.send(message())


async def test_a_receiver_that_stalls_is_never_taken_for_one_that_took_it(make: Make) -> None:
    async with make() as bench:
        bench.stalls()
        with pytest.raises((SendError, TimeoutError)):
            async with asyncio.timeout(2):
                await bench.channel.send(message())
        bench.heals()


# What is particular to some


@pytest.mark.parametrize("kind", ["dingtalk", "wecom", "feishu"])
@pytest.mark.parametrize(
    ("says", "error"),
    [
        (b'{"errcode":310000,"errmsg":"keywords not in content"}', Undeliverable),
        (b'{"code":19021,"msg":"sign match fail"}', Undeliverable),
        (b'{"errcode":130101,"errmsg":"send too fast"}', SendError),
        (b'{"code":11232,"msg":"frequency limited"}', SendError),
        (b'{"ok":true}', SendError),
        (b"<html>welcome</html>", SendError),
        (b"[]", SendError),
        (b"", SendError),
    ],
)
async def test_a_robot_that_answers_200_and_refuses_is_believed_in_its_refusal(
    kind: str, says: bytes, error: type[SendError]
) -> None:
    async with receiver() as at, httpx.AsyncClient() as client:
        at.says = answer(says)
        with pytest.raises(SendError) as raised:
            await _robot(at, client, kind=kind).send(message())
        assert type(raised.value) is error


async def test_robots_are_told_in_their_own_shape_and_signed_as_their_makers_say() -> None:
    async with receiver() as at, httpx.AsyncClient() as client:
        at.says = answer(b'{"errcode":0,"code":0}')
        for kind in ("dingtalk", "wecom", "feishu"):
            await _robot(at, client, kind=kind, secret="S").send(message())
    ding, wecom, feishu = at.taken
    stamp = str(int(AT.timestamp()))
    mac = _mac(b"S", f"{stamp}000\nS".encode())
    url = httpx.URL(ding.path)
    assert (url.params["timestamp"], url.params["sign"]) == (stamp + "000", mac)
    assert json.loads(wecom.body)["text"]["content"].startswith("【红色】east 请接警\n有人求助")
    said = json.loads(feishu.body)
    assert said["msg_type"] == "text"
    assert (said["timestamp"], said["sign"]) == (stamp, _mac(f"{stamp}\nS".encode(), b""))


@pytest.mark.parametrize("personal", [False, True])
async def test_names_and_addresses_leave_only_by_a_personal_channel(personal: bool) -> None:
    async with receiver() as at, httpx.AsyncClient() as client:
        await _robot(at, client, kind="wecom", personal=personal).send(message())
        async with _apprise(f"json://127.0.0.1:{at.port}/in", personal=personal) as ours:
            await ours.send(message())
    for request in at.taken:
        text = json.dumps(json.loads(request.body), ensure_ascii=False)
        assert (NAME in text, ADDRESS in text) == (personal, personal)
        assert "h1" in text
        assert str(CARD["link"]) in text


async def test_a_page_by_phone_goes_to_each_worker_on_duty() -> None:
    async with receiver() as at, _apprise(f"json://127.0.0.1:{at.port}/to/{{phone}}") as ours:
        await ours.send(message())
        assert sorted(r.path for r in at.taken) == ["/to/13900000001", "/to/13900000002"]
        with pytest.raises(Undeliverable, match="phone number"):
            await ours.send(message("west"))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (b"400 Bad Request", Undeliverable),
        (b"401 Unauthorized", Undeliverable),
        (b"410 Gone", Undeliverable),
        (b"408 Request Timeout", SendError),
        (b"429 Too Many Requests", SendError),
        (b"500 Internal Server Error", SendError),
        (b"302 Found\r\nlocation: http://127.0.0.1:1/", SendError),
    ],
)
async def test_a_webhook_tells_what_passes_from_what_does_not(
    status: bytes, error: type[SendError]
) -> None:
    async with receiver() as at, httpx.AsyncClient() as client:
        at.says = answer(b"", status=status)
        with pytest.raises(SendError) as raised:
            await Webhook(_webhook(at), client=client).send(message())
        assert type(raised.value) is error


async def test_a_receiver_can_check_who_wrote_an_event_and_tell_a_repetition() -> None:
    async with receiver() as at, httpx.AsyncClient() as client:
        ours = Webhook(_webhook(at), client=client)
        await ours.send(message())
        await ours.send(message()._replace(at=AT.replace(minute=5)))
    first, again = at.taken
    assert first.body == again.body
    assert first.headers["content-type"] == "application/cloudevents+json"
    for request in (first, again):
        said = request.headers
        assert said["webhook-id"] == CARD["id"]
        signed = f"{CARD['id']}.{said['webhook-timestamp']}.".encode() + request.body
        assert said["webhook-signature"] == "v1," + _mac(SECRET.encode(), signed)


async def test_an_answer_cut_short_is_no_answer() -> None:
    async with receiver() as at, httpx.AsyncClient() as client:
        at.says = b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"
        with pytest.raises(SendError):
            await Webhook(_webhook(at), client=client).send(message())
        with pytest.raises(SendError):
            await _robot(at, client, kind="wecom").send(message())


def test_a_url_that_apprise_cannot_read_is_said_at_the_start() -> None:
    outlet = AppriseOutlet(kind="apprise", name="sms", url=SecretStr("nonsense"))
    with pytest.raises(ValueError, match="channel sms"):
        ApprisePages(outlet, who=_who, phones=_phones)


@asynccontextmanager
async def _apprise(url: str, *, personal: bool = False) -> AsyncIterator[ApprisePages]:
    outlet = AppriseOutlet(kind="apprise", name="mail", url=SecretStr(url), personal=personal)
    made = ApprisePages(outlet, who=_who, phones=_phones)
    try:
        yield made
    finally:
        await made.close()


def _robot(
    at: Receiver,
    client: httpx.AsyncClient,
    *,
    kind: str,
    secret: str | None = None,
    personal: bool = False,
) -> RobotPages:
    outlet = RobotOutlet.model_validate(
        {"kind": kind, "name": "robot", "url": at.url, "secret": secret, "personal": personal}
    )
    return RobotPages(outlet, client=client, who=_who)


def _webhook(at: Receiver) -> WebhookOutlet:
    return WebhookOutlet.model_validate(
        {"kind": "webhook", "name": "tickets", "url": at.url, "secret": SECRET}
    )


def _mac(key: bytes, what: bytes) -> str:
    return base64.b64encode(hmac.digest(key, what, hashlib.sha256)).decode()
