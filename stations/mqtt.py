"""The stations' one MQTT session: it reconnects by itself, and says when it is there.

The session is persistent, so answers published while this copy is away come when it is back.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from urllib.parse import unquote, urlsplit

import aiomqtt
import structlog

from stations import ending
from stations.backoff import backoff

log = structlog.get_logger(__name__)

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_PUBLISH_WITHIN = 10.0  # seconds to the broker's PUBACK
_KEEPALIVE = 15  # seconds; a half-open connection is noticed after about 1.5 times this
_QUEUE = 10_000  # messages in
_AT_ONCE = 512  # messages out whose PUBACK is awaited: more than a channel sends at once

Handler = Callable[[str, bytes], Awaitable[None]]


class LinkDown(Exception):  # noqa: N818 (a state, told by raising)
    """The broker is not there, or did not confirm in time."""


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when this session is lost."""

    topic: str
    payload: bytes


class Link:
    """`run` keeps the session up until cancelled; the rest may be called at any time.

    `arrived` is called once after each connection; `handle` for each message, one after another.
    """

    def __init__(self, url: str, *, client_id: str, will: Will, rng: Random) -> None:
        self._url = urlsplit(url)
        if self._url.scheme not in _PORTS or not self._url.hostname:
            raise ValueError(f"a broker is mqtt://host[:port] or mqtts://…; got {url!r}")
        self._client_id = client_id
        self._will = will
        self._rng = rng
        self._client: aiomqtt.Client | None = None
        self._up = asyncio.Event()

    @property
    def connected(self) -> bool:
        return self._client is not None

    async def ready(self) -> None:
        await self._up.wait()

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """QoS 1, returning once the broker has it. LinkDown otherwise."""
        client = self._client
        if client is None:
            raise LinkDown("the broker is not connected")
        try:
            await client.publish(topic, payload, qos=1, retain=retain, timeout=_PUBLISH_WITHIN)
        except (aiomqtt.MqttError, ValueError) as error:
            raise LinkDown(f"the broker did not take it: {error}") from error

    async def run(
        self, subscriptions: Sequence[str], handle: Handler, arrived: Callable[[], None]
    ) -> None:
        attempt = 0
        while True:
            try:
                async with self._connection() as client:
                    for topic in subscriptions:
                        await client.subscribe(topic, qos=1)
                    ending.check()
                    attempt = 0
                    self._client = client
                    self._up.set()
                    arrived()
                    log.info("broker_connected")
                    async for message in client.messages:
                        await handle(message.topic.value, _bytes(message.payload))
                        ending.check()
            except (aiomqtt.MqttError, OSError) as error:
                attempt += 1
                log.warning("broker_lost", error=str(error), attempt=attempt)
            finally:
                self._client = None
                self._up.clear()
            ending.check()
            await asyncio.sleep(backoff(attempt, self._rng, first=0.2, most=5))

    def _connection(self) -> aiomqtt.Client:
        url = self._url
        tls = ssl.create_default_context() if url.scheme == "mqtts" else None
        client = aiomqtt.Client(
            url.hostname or "localhost",
            url.port or _PORTS[url.scheme],
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            identifier=self._client_id,
            clean_session=False,
            keepalive=_KEEPALIVE,
            timeout=_PUBLISH_WITHIN,
            will=aiomqtt.Will(self._will.topic, self._will.payload, qos=1, retain=True),
            max_queued_incoming_messages=_QUEUE,
            max_inflight_messages=_AT_ONCE,
            max_concurrent_outgoing_calls=None,
            tls_context=tls,
        )
        client.pending_calls_threshold = _AT_ONCE  # it would warn of every one beyond ten
        return client


def _bytes(payload: object) -> bytes:
    if isinstance(payload, bytes | bytearray):
        return bytes(payload)
    return b"" if payload is None else str(payload).encode()
