"""A fleet's messages to a broker: at their own times, or faster, and never faster than it takes.

At QoS 1 at most `window` messages wait for the broker's PUBACK; the next one waits for room. So
memory is bounded, and a broker that is slow slows the fleet: `Figures.behind` says how far.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ingest.mqtt import BrokerAddress

WINDOW = 1_000
_CONNECT_S = 10.0
_PATIENCE_S = 60.0  # without one PUBACK
_BEAT_S = 0.05  # the longest sleep between two looks at `stopped`


class PublishError(OSError):
    """The broker does not let us in, or takes nothing any more; the message says which."""


class Outgoing(Protocol):
    """A message of the simulator: `at` in µs UTC."""

    @property
    def at(self) -> int: ...
    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def qos(self) -> int: ...
    @property
    def retain(self) -> bool: ...


class Clock(Protocol):
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


@dataclass
class Figures:
    """`behind`: seconds by which the last message left later than it should have."""

    published: int = 0
    acknowledged: int = 0
    behind: float = 0.0
    behind_most: float = 0.0


class Publisher:
    """One connection. `publish` blocks while the window is full."""

    def __init__(self, address: BrokerAddress, *, client_id: str, window: int = WINDOW) -> None:
        self.figures = Figures()
        self._room = threading.Semaphore(window)
        self._window = window
        self._ready = threading.Event()
        self._refused: str | None = None
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv311
        )
        client.max_inflight_messages_set(window)
        client.max_queued_messages_set(0)
        if address.tls:
            client.tls_set()
        if address.username is not None:
            client.username_pw_set(address.username, address.password)
        client.on_connect, client.on_publish = self._on_connect, self._on_publish
        self._client = client
        client.connect(address.host, address.port)
        client.loop_start()
        answered = self._ready.wait(_CONNECT_S)
        why = self._why() if answered else "no answer"
        if why is not None:
            client.loop_stop()
            raise PublishError(f"the broker at {address.host}:{address.port} refuses: {why}")

    def _why(self) -> str | None:
        """Why the broker refused us; another thread says so."""
        return self._refused

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _props: Any) -> None:
        self._refused = str(reason) if reason.is_failure else None
        self._ready.set()

    def _on_publish(self, *_: Any) -> None:
        self.figures.acknowledged += 1
        self._room.release()

    def publish(self, message: Outgoing) -> None:
        """PublishError if the broker has acknowledged nothing for a minute."""
        if not self._room.acquire(timeout=_PATIENCE_S):
            raise PublishError(f"the broker acknowledged nothing for {_PATIENCE_S:.0f} s")
        self._client.publish(message.topic, message.payload, message.qos, message.retain)
        self.figures.published += 1

    def flush(self) -> None:
        """Wait until the broker has everything."""
        for _ in range(self._window):
            if not self._room.acquire(timeout=_PATIENCE_S):
                raise PublishError(f"the broker acknowledged nothing for {_PATIENCE_S:.0f} s")
        self._room.release(self._window)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def play(
    messages: Iterable[Outgoing],
    publisher: Publisher,
    *,
    start: int,
    speed: float | None,
    clock: Clock,
    progress: Callable[[int], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Publish what is said from `start` (µs UTC) on, `speed` times as fast as life; None: as fast
    as the broker takes it. The time of the last message; `progress` is told about each second."""
    begun = told = clock.monotonic()
    at = start
    for message in messages:
        at = message.at
        if speed is not None:
            due = begun + (message.at - start) / 1e6 / speed
            while (wait := due - clock.monotonic()) > 0 and not stopped():
                clock.sleep(min(wait, _BEAT_S))
            figures = publisher.figures
            figures.behind = max(0.0, -wait)
            figures.behind_most = max(figures.behind_most, figures.behind)
        if stopped():
            break
        publisher.publish(message)
        if (now := clock.monotonic()) - told >= 1:
            told = now
            progress(at)
    publisher.flush()
    progress(at)
    return at
