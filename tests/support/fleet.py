"""Gateways that go on speaking whatever happens, and write down what the broker took from them."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from schemas import topics
from tests.support.ledger import Ledger, broken, untimed
from tests.support.registry import EAST, WEST
from tests.support.system import PATIENCE, AnyBroker

HOMES = 6
_PRESS_EVERY = 25  # rounds: so each home's button once in the first 150
_ROUND = 0.02  # seconds


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Publisher:
    """QoS 1 through thick and thin; what is not acknowledged is said again on reconnecting.

    All methods are for one thread.
    """

    def __init__(self, broker: AnyBroker, ledger: Ledger) -> None:
        self._ledger = ledger
        self._answers: deque[int] = deque()  # filled by paho's thread
        self._pending: dict[int, int] = {}
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
        client.max_inflight_messages_set(500)
        client.reconnect_delay_set(min_delay=1, max_delay=1)
        client.on_publish = lambda _c, _u, mid, _r, _p: self._answers.append(mid)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        self._client = client

    def say(self, topic: str, payload: bytes, serial: int) -> None:
        self._ledger.sent.add(serial)
        info = self._client.publish(topic, payload, qos=1)
        self._pending[info.mid] = serial
        self._note()

    def wait(self, at_most: int = 0, *, seconds: float = PATIENCE) -> None:
        """Until the broker owes no more than so many answers."""
        deadline = time.monotonic() + seconds
        while len(self._pending) > at_most:
            assert time.monotonic() < deadline, f"{len(self._pending)} not acknowledged"
            threading.Event().wait(0.002)
            self._note()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _note(self) -> None:
        while self._answers:
            self._ledger.acknowledged.add(self._pending.pop(self._answers.popleft()))


class Fleet(threading.Thread):
    """Six homes of `tests.support.registry.town`, until stopped.

    With `resends` set, a publisher may have to say a message again itself: then everything
    carries a time and a sequence of its own, since such a repetition is not to be told apart else.
    """

    def __init__(self, broker: AnyBroker, *, resends: bool = False, ahead: int = 0) -> None:
        """`ahead`: rounds at once to begin with, for a backlog."""
        super().__init__()
        self.ledger = Ledger()
        self._publisher = Publisher(broker, self.ledger)
        self._resends, self._ahead = resends, ahead
        self._stopping = threading.Event()
        self._serial = 0
        self._failure: BaseException | None = None

    def run(self) -> None:
        try:
            rounds = 0
            while not self._stopping.wait(_ROUND if rounds >= self._ahead else 0):
                self._round(rounds)
                rounds += 1
            self._publisher.wait(seconds=120)
        except BaseException as error:  # noqa: BLE001 (told to whoever stops it)
            self._failure = error

    def _round(self, number: int) -> None:
        for n in range(1, HOMES + 1):
            self._say(n, "m", _timed)
            if not self._resends:
                self._say(n, "r", _untimed)
                self._say(n, "m", broken)
        press, due = divmod(number, _PRESS_EVERY)
        if press < HOMES and due == 0:
            self._press(press + 1)
        self._publisher.wait(at_most=400, seconds=120)

    def stop(self) -> Ledger:
        """What was sent and acknowledged, once the broker has answered everything."""
        self._stopping.set()
        self.join(130)
        self._publisher.close()
        if self._failure is not None:
            raise self._failure
        return self.ledger

    def _press(self, n: int) -> None:
        self._say(n, "b", _timed_press if self._resends else _press)
        self.ledger.alerts["sos", f"b{n}"] += 1

    def _say(self, n: int, kind: str, payload: Callable[[int], bytes]) -> None:
        self._serial += 1
        area = EAST if n % 2 else WEST
        topic = topics.up(area, f"g{n}", f"{kind}{n}")
        self._publisher.say(topic, payload(self._serial), self._serial)


@contextmanager
def traffic(broker: AnyBroker, *, resends: bool = False, ahead: int = 0) -> Iterator[Fleet]:
    """Traffic while the block disturbs something; afterwards all of it is acknowledged."""
    fleet = Fleet(broker, resends=resends, ahead=ahead)
    fleet.start()
    try:
        yield fleet
    finally:
        fleet.stop()


def _timed(serial: int) -> bytes:
    return _json({"ts": now_ms(), "seq": serial, "in_bed": True, "heart_rate": 60 + serial % 9})


def _untimed(serial: int) -> bytes:
    return _json(untimed(serial))


def _press(serial: int) -> bytes:
    return _json({"sos": "pressed", "seq": serial})


def _timed_press(serial: int) -> bytes:
    return _json({"ts": now_ms(), "sos": "pressed", "seq": serial})


def _json(said: dict[str, Any]) -> bytes:
    return json.dumps(said).encode()
