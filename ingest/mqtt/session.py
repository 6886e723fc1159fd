"""The session with the broker, over any number of connections: it reconnects until it is closed.

Client id fixed, clean session off: what is not acknowledged comes again. Catching up means that
our own marker has come back on every subscription and the broker's redelivery wait has passed.
Everything here runs on one event loop, in a thread of its own; the queue is where it ends.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import structlog

from ingest.mqtt import packets
from ingest.mqtt.connection import Connection
from ingest.mqtt.flight import Flight
from ingest.mqtt.markers import Markers
from ingest.mqtt.packets import Login, ProtocolError, RefusedError
from ingest.mqtt.parse import Parsed
from ingest.queue import BatchQueue, CaughtUp
from ingest.source import Mark, Messages
from schemas.times import NEVER, SECOND

logger = structlog.get_logger(__name__)

_CONNECT_WITHIN = 10.0  # seconds, until the CONNACK
_PAUSE_S = (0.25, 10.0)  # between attempts: first, and at most
_STEADY_S = 10.0  # a connection that lasted so long was a good one: the pause is short again
_PATIENCE_S = 30.0  # of catching up, before it is told what is awaited
_ASK_S = 0.25  # between asking whether connecting is allowed
_FIRST_MARKER = 2  # packet id; 1 is the SUBSCRIBE

_EARLY = 0.25
"""Of the redelivery wait: an acknowledgement so soon after a delivery is with the broker before it
delivers again, though both of them be slow."""

_QOS2 = np.uint8(0x04)
_LOWER = np.uint8(0x0F)


class BrokerAddress(NamedTuple):
    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None


class SessionOptions(NamedTuple):
    """What is asked of the broker."""

    client_id: str
    subscriptions: Sequence[str]
    qos: int = 1
    clean: bool = False
    """The broker keeps nothing for this client: what it missed is gone."""
    keepalive: int = 30
    """Seconds without a word after which the broker gives us up, and half of them we it."""
    redelivery_wait: float = 0
    """Seconds that the broker may take to redeliver what was not acknowledged."""

    def login(self, address: BrokerAddress) -> Login:
        return Login(self.client_id, self.keepalive, self.clean, address.username, address.password)


class Session:
    """`run` holds it open; a `Listener` of its connection."""

    def __init__(
        self,
        address: BrokerAddress,
        options: SessionOptions,
        *,
        queue: BatchQueue,
        now: Callable[[], int],
        rng: random.Random,
        may_connect: Callable[[], bool],
    ) -> None:
        self._address, self._options = address, options
        self._may_connect = may_connect
        self._queue, self._now, self._rng = queue, now, rng
        self._log = logger.bind(client=options.client_id)
        self._flight = Flight()
        self._markers = Markers(options.client_id)
        self._connection: Connection | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._last_received = 0
        self._since: float | None = None  # when the present connection was accepted, loop time
        self._lasted = 0.0  # seconds, of the last connection
        self.number = 0
        """Counts the sessions that the broker has begun: each numbers its packets anew."""
        self.connections = 0
        self.catching_up = True
        self.paused = False

    @property
    def unacknowledged(self) -> int:
        return len(self._flight)

    @property
    def connected(self) -> bool:
        return self._since is not None

    async def run(self) -> None:
        """Connect, and again whenever the connection is lost, until cancelled."""
        pause, most = _PAUSE_S
        while True:
            if not self._may_connect():
                await asyncio.sleep(_ASK_S)
                continue
            try:
                reason = await self._hold()
            except (OSError, TimeoutError, ProtocolError) as error:
                reason = self._told(error)
            if self._lasted > _STEADY_S:
                pause = _PAUSE_S[0]
            self._log.warning("no connection to the broker", reason=reason, pause_s=pause)
            await asyncio.sleep(pause * self._rng.uniform(0.5, 1))
            pause = min(2 * pause, most)

    def _told(self, error: Exception) -> str:
        """Why there is no connection; what only a person can change is an error."""
        reason = str(error) or type(error).__name__
        if isinstance(error, RefusedError | ProtocolError):
            self._log.error("the broker refused the session", reason=reason)
        return reason

    # One connection

    async def _hold(self) -> str:
        """Connect, subscribe and stay; why it ended."""
        connection = Connection(self, self._options.login(self._address))
        self._connection, self._lasted = connection, 0.0
        keeper: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(_CONNECT_WITHIN):
                await self._reach(connection)
                await connection.accepted()
            keeper = asyncio.create_task(connection.keep_alive())
            await self._subscribe(connection)
            return await connection.lost()
        except asyncio.CancelledError:
            await connection.leave()
            raise
        finally:
            if keeper is not None:
                keeper.cancel()
            connection.abort("given up")
            self._let_go()

    async def _reach(self, connection: Connection) -> None:
        await asyncio.get_running_loop().create_connection(
            lambda: connection,
            self._address.host,
            self._address.port,
            ssl=ssl.create_default_context() if self._address.tls else None,
        )

    async def _subscribe(self, connection: Connection) -> None:
        options = self._options
        refused = await connection.subscribe(options.subscriptions, qos=options.qos)
        if refused:
            self._log.error(
                "broker refused subscriptions: let this client read them", topics=refused
            )
        connection.write(self._markers.packets(_FIRST_MARKER))
        self._later(_PATIENCE_S, self._say_what_is_awaited)

    def _let_go(self) -> None:
        """The connection is gone."""
        if self._since is not None:
            self._lasted = asyncio.get_running_loop().time() - self._since
        self._connection = self._since = None
        self._forget_timers()
        self.catching_up, self.paused = True, False

    # What the connection tells

    def accepted(self, *, kept: bool) -> None:
        self._since = asyncio.get_running_loop().time()
        self.connections += 1
        self._markers.begin()
        if not kept:
            # Packet ids start anew: none of the old ones may be acknowledged any more.
            self.number += 1
            self._flight.forget()
        self._flight.reconnected()
        self._log.info("connected to the broker", session_kept=kept)

    def heard(self, parsed: Parsed) -> None:
        messages, markers = self._markers.sift(self._stamped(parsed))
        if len(markers):
            self._acknowledge(markers.packets[markers.has(Mark.QOS1)])
            if not self._markers.awaited and self.catching_up:
                self._forget_timers()
                self._later(self._options.redelivery_wait, self._caught_up)
        messages = self._flight.admit(messages)
        self._acknowledge(self._flight.due())
        if len(messages):
            self._queue.put(messages)
            if self._queue.full:
                self._pause()

    def _stamped(self, parsed: Parsed) -> Messages:
        count = len(parsed.topics)
        marks = np.frombuffer(parsed.firsts, np.uint8) & _LOWER
        if (marks & _QOS2).any():
            raise ProtocolError("a message at QoS 2, which nobody asked for")
        if self.catching_up:
            marks |= np.uint8(Mark.BACKLOG)
        first = max(self._now(), self._last_received + 1)
        self._last_received = first + count - 1
        return Messages(
            parsed.topics,
            parsed.payloads,
            np.arange(first, first + count),
            np.array(parsed.packets, np.int64),
            marks,
            self.number,
        )

    # Flow

    def settle(self, messages: Messages) -> None:
        """These are committed. What cannot be acknowledged now will come again, as a DUP."""
        wait = self._options.redelivery_wait
        before = self._flight.kept_back
        since = self._now() - int(wait * SECOND * _EARLY) if wait else NEVER
        self._acknowledge(self._flight.settle(messages, since=since))
        if kept_back := self._flight.kept_back - before:
            asyncio.get_running_loop().call_later(wait, self._acknowledge_late, kept_back)

    def _acknowledge_late(self, kept_back: frozenset[int]) -> None:
        """Those that have not come again. Without a connection they will, and are known then."""
        self._acknowledge(self._flight.late(kept_back))

    def resume(self) -> None:
        """Read on where there is room again."""
        if self.paused and self._connection is not None and not self._queue.full:
            self.paused = False
            self._connection.resume()

    def _pause(self) -> None:
        if self._connection is not None:
            self.paused = True
            self._connection.pause()
            self.resume()  # the other thread may have made room before it could see the pause

    def _acknowledge(self, packet_ids: packets.Ids) -> None:
        if self._connection is not None and self.connected and len(packet_ids):
            self._connection.write(packets.pubacks(packet_ids))

    # Catching up

    def _caught_up(self) -> None:
        # In this order: a message marked as backlog behind it does no harm, one without the
        # mark before it would move the clock too early.
        self._queue.put(CaughtUp(self._now()))
        self.catching_up = False

    def _say_what_is_awaited(self) -> None:
        self._log.warning(
            "still catching up: if nothing comes any more, let this client publish its markers",
            awaited=self._markers.awaited,
        )

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, what))

    def _forget_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
