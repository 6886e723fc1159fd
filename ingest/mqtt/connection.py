"""One connection to the broker, from CONNECT to its loss: an asyncio protocol without any state
that outlives it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol, cast

from ingest.mqtt import packets
from ingest.mqtt.packets import Login, ProtocolError, RefusedError
from ingest.mqtt.parse import Parsed, Parser

_LEAVE_WITHIN = 1.0  # seconds


class Listener(Protocol):
    """What is told, at once and in the order of the stream: nothing may come in between."""

    def accepted(self, *, kept: bool) -> None:
        """The broker has accepted the session and says whether it had kept it."""

    def heard(self, parsed: Parsed) -> None:
        """Messages have come."""


class Connection(asyncio.Protocol):
    """Use it as `loop.create_connection`'s protocol; then await `accepted`, `subscribe`, `lost`."""

    def __init__(self, listener: Listener, login: Login) -> None:
        loop = asyncio.get_running_loop()
        self._listener, self._login = listener, login
        self._parser = Parser()
        self._transport: asyncio.Transport | None = None
        self._reason = "the broker closed it"
        self._alive = True
        self._paused = self._leaving = False
        self._accepted: asyncio.Future[None] = loop.create_future()
        self._granted: asyncio.Future[bytes] = loop.create_future()
        self._lost: asyncio.Future[None] = loop.create_future()

    # What the session asks for

    async def accepted(self) -> None:
        """Until the broker has accepted the session: RefusedError where it does not,
        ConnectionError where the connection ends before."""
        await self._accepted

    async def subscribe(self, filters: Sequence[str], *, qos: int) -> list[str]:
        """Those of the filters that the broker refuses."""
        self.write(packets.subscribe(1, filters, qos=qos))
        return packets.refused(await self._granted, filters)

    async def keep_alive(self) -> None:
        """Ping until cancelled; gives the connection up when the broker has said nothing since the
        last ping. It gets half the keep-alive time to answer."""
        beat = self._login.keepalive / 2
        while True:
            self._alive = False
            self.write(packets.PINGREQ)
            await asyncio.sleep(beat)
            if not (self._alive or self._paused):
                self.abort(f"not a word from the broker for {beat:g} s")

    async def lost(self) -> str:
        """Until the connection is lost; why."""
        await asyncio.wait([self._lost])  # cancelled, it leaves the future to those who wait next
        return self._reason

    def write(self, content: bytes) -> None:
        """Dropped where the connection is lost: the broker will say again what it waits for."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(content)

    def pause(self) -> None:
        """Read no more, and so make the broker wait."""
        if self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and self._paused:
            self._paused, self._alive = False, True
            self._transport.resume_reading()

    def abort(self, reason: str) -> None:
        """End it at once; what was to be written is dropped."""
        if self._transport is not None:
            self._reason = reason
            self._transport.abort()

    async def leave(self) -> None:
        """Say good-bye and wait, a second at most, until the broker closes the connection: then
        it has read every acknowledgement. (Were we to connect again before, it would throw the
        unread ones away.) What still comes is not taken."""
        self._leaving = True
        self.resume()
        self.write(packets.DISCONNECT)
        await asyncio.wait([self._lost], timeout=_LEAVE_WITHIN)

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(packets.connect(self._login))

    def data_received(self, data: bytes) -> None:
        self._alive = True
        if self._leaving:
            return
        try:
            parsed = self._parser.feed(data)
            for first, body in parsed.others:
                self._other(first & 0xF0, body)
            if parsed.topics:
                self._hand_over(parsed)
        except (ProtocolError, RefusedError) as error:
            self._fail(error)

    def _other(self, kind: int, body: bytes) -> None:
        if not self._accepted.done():
            if kind != packets.CONNACK:
                raise ProtocolError("its first packet is no CONNACK: no MQTT broker?")
            self._listener.accepted(kept=packets.session_kept(body))
            self._accepted.set_result(None)
        elif kind == packets.SUBACK and not self._granted.done():
            self._granted.set_result(body)
        elif kind not in (packets.PUBACK, packets.PINGRESP):
            raise ProtocolError(f"a packet of kind {kind:#04x}")

    def _hand_over(self, parsed: Parsed) -> None:
        if not self._accepted.done():
            raise ProtocolError("a message before the CONNACK: no MQTT broker?")
        self._listener.heard(parsed)

    def _fail(self, error: Exception) -> None:
        if not self._accepted.done():
            self._accepted.set_exception(error)
        self.abort(str(error))

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self._reason = str(error)
        gone = ConnectionError(self._reason)
        for waiting in (self._accepted, self._granted):
            if not waiting.done():
                waiting.set_exception(gone)
                waiting.exception()  # it may be that nobody waits
        if not self._lost.done():
            self._lost.set_result(None)
