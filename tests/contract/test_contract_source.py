"""What every source promises, on real brokers: Mosquitto and the embedded NATS.

The link goes through a proxy, so that it can be cut and stalled. A second implementation joins by
being opened in `tests.support.sources`.
"""

import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.mqtt.parse import LARGEST
from ingest.queue import Limits
from schemas import topics
from tests.support.mosquitto import WELL, Mosquitto, needs_mosquitto
from tests.support.proxy import Proxy
from tests.support.sources import Taken, caught_up, clock, has_caught_up, session
from tests.support.system import AnyBroker, Client, until
from vigil.embedded.broker import Broker

both_brokers = pytest.mark.parametrize(
    "served", [pytest.param("mosquitto", marks=needs_mosquitto), "nats"], indirect=True
)
only_mosquitto = pytest.mark.parametrize(
    "served", [pytest.param("mosquitto", marks=needs_mosquitto)], indirect=True
)
only_nats = pytest.mark.parametrize("served", ["nats"], indirect=True)


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("services") / "mosquitto") as server:
        yield server


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("services") / "nats") as server:
        yield server


@pytest.fixture
def served(request: pytest.FixtureRequest) -> AnyBroker:
    """A broker that tests share, one at a time."""
    found: AnyBroker = request.getfixturevalue(request.param)
    return found


class Gateway:
    """Publishes as a gateway does, and waits for the broker's word."""

    def __init__(self, broker: AnyBroker) -> None:
        self._client = Client(broker)

    def say(self, *payloads: bytes, retain: bool = False) -> None:
        topic = topics.up("a", "g", "d")
        said = [self._client.say(topic, payload, retain=retain) for payload in payloads]
        for info in said:
            info.wait_for_publish(30)

    def forget(self) -> None:
        """Remove what is retained."""
        self.say(b"", retain=True)

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def gateway(served: AnyBroker) -> Iterator[Gateway]:
    it = Gateway(served)
    yield it
    it.close()


def numbered(count: int, size: int = 0) -> list[bytes]:
    return [b"%d" % n + b" " * size for n in range(count)]


def slow(broker: AnyBroker) -> float:
    """Seconds until everything has been redelivered: NATS waits 2 s for what it had delivered to
    a connection that ended."""
    return 2.5 if isinstance(broker, Broker) else 0


# Order, time and marks


@both_brokers
def test_messages_come_in_order_each_with_a_time_of_its_own(
    served: AnyBroker, gateway: Gateway
) -> None:
    before = clock()
    with session(served.port) as source:
        taken = caught_up(source)
        assert not source.catching_up
        gateway.say(*numbered(200))
        taken.count(200)
    assert taken.payloads == numbered(200)
    received = [d.received for d in taken.deliveries]
    assert received == sorted(set(received))
    assert before < received[0] < received[-1] < clock() + 1_000
    assert {(d.qos, d.backlog, d.dup, d.retain) for d in taken.deliveries} == {
        (1, False, False, False)
    }


@both_brokers
def test_what_waited_is_backlog_and_what_is_retained_says_so(
    served: AnyBroker, gateway: Gateway
) -> None:
    client_id = secrets.token_hex(6)
    with session(served.port, client_id=client_id) as source:
        caught_up(source)
    gateway.say(b"while away")
    gateway.say(b"state", retain=True)
    try:
        with session(served.port, client_id=client_id, redelivery_wait=slow(served)) as source:
            taken = caught_up(source)
            gateway.say(b"now")
            taken.until(lambda t: b"now" in t.payloads)
    finally:
        gateway.forget()
    marks = {(d.payload, d.backlog, d.retain) for d in taken.deliveries}
    assert {
        (b"while away", True, False),
        (b"state", True, True),
        (b"now", False, False),
    } <= marks
    assert (b"now", True, False) not in marks


# Acknowledging


@both_brokers
def test_what_is_acknowledged_is_forgotten_and_the_rest_comes_again(
    served: AnyBroker, gateway: Gateway
) -> None:
    client_id = secrets.token_hex(6)
    with session(served.port, client_id=client_id) as source:
        taken = caught_up(source)
        gateway.say(*numbered(20))
        taken.count(20)
        messages = [d.payload for d in taken.deliveries[:8]]
        left = 8
        for batch in taken.batches:
            source.ack(batch.take(slice(left)))
            left = max(0, left - len(batch))
        until(lambda: source.unacknowledged == 12)
    with session(served.port, client_id=client_id, redelivery_wait=slow(served)) as source:
        again = Taken(source).until(has_caught_up)
        assert {d.payload for d in again.deliveries} == set(numbered(20)) - set(messages)
        assert all(d.dup and d.backlog for d in again.deliveries)
        again.ack()
        until(lambda: source.unacknowledged == 0)


@both_brokers
def test_a_cut_link_neither_loses_nor_repeats_what_is_being_worked_on(
    served: AnyBroker, gateway: Gateway
) -> None:
    client_id = secrets.token_hex(6)
    with Proxy(served.port) as proxy:
        with session(proxy.port, client_id=client_id) as source:
            taken = caught_up(source)
            gateway.say(*numbered(50))
            taken.count(50)
            taken.caught_up = None
            proxy.cut()
            gateway.say(b"after the cut")
            taken.until(has_caught_up).count(51)
            assert taken.payloads == [*numbered(50), b"after the cut"]
            taken.ack()
            until(lambda: source.unacknowledged == 0)
        assert proxy.links == 2
    with session(served.port, client_id=client_id) as source:
        assert caught_up(source).payloads == []


@only_nats
def test_a_redelivery_of_what_is_being_worked_on_is_dropped(
    served: AnyBroker, gateway: Gateway
) -> None:
    """NATS redelivers after 2 s what is not acknowledged, on the same connection; Mosquitto does
    not."""
    with session(served.port) as source:
        taken = caught_up(source)
        gateway.say(b"slow")
        taken.count(1)
        began = clock()
        taken.until(lambda _: clock() - began > 3_000_000)
        assert taken.payloads == [b"slow"]
        taken.ack()
        until(lambda: source.unacknowledged == 0)


@both_brokers
def test_a_mistaken_acknowledgement_settles_nothing(served: AnyBroker, gateway: Gateway) -> None:
    """A packet id that has come to stand for another message: that one is not committed."""
    client_id = secrets.token_hex(6)
    with session(served.port, client_id=client_id) as source:
        taken = caught_up(source)
        gateway.say(b"one")
        taken.count(1)
        (messages,) = taken.batches
        of_another = type(messages).of([d._replace(payload=b"two") for d in messages.deliveries()])
        source.ack(of_another)
    with session(served.port, client_id=client_id) as source:
        again = Taken(source).until(lambda t: has_caught_up(t) and len(t) == 1)
        assert again.payloads == [b"one"]


# Bounds


@needs_mosquitto
def test_no_more_than_the_window_is_in_flight(tmp_path: Path) -> None:
    options = {**WELL, "max_inflight_messages": "10"}
    with Mosquitto(tmp_path / "broker", options=options) as broker:
        gateway = Gateway(broker)
        with session(broker.port, batch=Limits(3, 10**6)) as source:
            taken = caught_up(source)
            gateway.say(*numbered(40))
            taken.count(10)
            assert source.unacknowledged == 10
            taken.more(0.3)
            assert len(taken) == 10
            while len(taken) < 40:
                taken.ack()
                taken.count(min(40, len(taken) + 1))
            assert taken.payloads == numbered(40)
        gateway.close()


@both_brokers
def test_a_full_queue_makes_the_broker_wait_and_loses_nothing(
    served: AnyBroker, gateway: Gateway
) -> None:
    held = Limits(100, 10**6)
    with session(served.port, held=held, batch=Limits(50, 10**6)) as source:
        taken = caught_up(source)
        said = numbered(1_000, size=10_000)
        saying = threading.Thread(target=gateway.say, args=said)
        saying.start()
        until(lambda: source.reading is False)
        waiting = sum(len(messages) for messages in source.waiting())
        assert 100 <= waiting <= 100 + 300  # and what one read of the network brought beyond
        taken.count(1_000)
        saying.join()
    assert taken.payloads == said


@only_mosquitto
def test_of_a_message_beyond_all_bounds_the_beginning_is_kept(
    served: AnyBroker, gateway: Gateway
) -> None:
    with session(served.port) as source:
        taken = caught_up(source)
        gateway.say(b"x" * (LARGEST + 5_000_000), b"next")
        taken.count(2)
        huge, following = taken.deliveries
        assert following.payload == b"next"
        assert LARGEST - 100 < len(huge.payload) <= LARGEST


# The broker and the link


@pytest.mark.parametrize("kind", [pytest.param(Mosquitto, marks=needs_mosquitto), Broker])
def test_it_comes_back_after_the_broker_was_killed(
    kind: type[Mosquitto | Broker], tmp_path: Path
) -> None:
    with kind(tmp_path / "broker") as broker, session(broker.port) as source:
        taken = caught_up(source)
        gateway = Gateway(broker)
        gateway.say(*numbered(5))
        taken.count(5).ack()
        until(lambda: source.unacknowledged == 0)
        gateway.close()
        broker.kill()
        until(lambda: not source.connected)
        assert source.catching_up
        broker.start()
        gateway = Gateway(broker)
        taken.until(lambda _: source.connected)
        gateway.say(b"after")
        taken.until(lambda t: b"after" in t.payloads)
        gateway.close()


@needs_mosquitto
def test_a_broker_that_forgot_the_session_begins_a_new_one(tmp_path: Path) -> None:
    """Packet ids start anew: what was taken before can not be acknowledged any more."""
    forgetful = {**WELL, "persistence": "false"}
    with (
        Mosquitto(tmp_path / "broker", options=forgetful) as broker,
        session(broker.port) as source,
    ):
        taken = caught_up(source)
        gateway = Gateway(broker)
        gateway.say(b"before")
        taken.count(1)
        first = source.session
        gateway.close()
        broker.kill()
        until(lambda: not source.connected)
        broker.start()
        until(lambda: source.session == first + 1)
        assert source.unacknowledged == 0
        gateway = Gateway(broker)
        taken.caught_up = None
        taken.until(has_caught_up)
        gateway.say(b"after")
        taken.count(2)
        assert [d.session for d in taken.deliveries] == [first, first + 1]
        source.ack(taken.batches[0])
        taken.more(0.1)
        assert source.unacknowledged == 1
        gateway.close()


@both_brokers
def test_a_half_open_link_is_given_up(served: AnyBroker, gateway: Gateway) -> None:
    with Proxy(served.port) as proxy, session(proxy.port, keepalive=1) as source:
        taken = caught_up(source)
        proxy.freeze()
        gateway.say(b"into the dark")
        taken.count(1)
        assert proxy.links == 2


@only_mosquitto
def test_the_session_is_kept_alive_while_nobody_takes(served: AnyBroker) -> None:
    """The broker would end it after 1.5 s."""
    with Proxy(served.port) as proxy, session(proxy.port, keepalive=1) as source:
        caught_up(source)
        threading.Event().wait(3)
        assert source.connected
        assert proxy.links == 1


@both_brokers
def test_it_connects_only_when_it_may(served: AnyBroker) -> None:
    allowed = threading.Event()
    asked: list[int] = []

    def may_connect() -> bool:
        asked.append(1)
        return allowed.is_set()

    with (
        Proxy(served.port) as proxy,
        session(proxy.port, may_connect=may_connect) as source,
    ):
        until(lambda: len(asked) > 1)
        assert proxy.links == 0
        allowed.set()
        caught_up(source)
        allowed.clear()
        proxy.cut()
        until(lambda: not source.connected)
        before = len(asked)
        until(lambda: len(asked) > before + 1)
        assert proxy.links == 1


@both_brokers
def test_leaving_is_quick_and_can_be_done_twice(served: AnyBroker) -> None:
    with Proxy(served.port) as proxy, session(proxy.port) as source:
        caught_up(source)
        proxy.stall()
        began = clock()
        source.close()
        source.close()
        assert clock() - began < 5_000_000
        assert not source.connected
