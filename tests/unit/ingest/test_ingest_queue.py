"""The queue bounds what is held and hands it over in order, batch by batch."""

import threading
import time
from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.queue import BatchQueue, CaughtUp, Limits
from ingest.source import Delivery, Messages

Chunk = list[int]
"""Payload sizes of the messages that came in one read."""


def delivery(n: int, size: int = 1, session: int = 0) -> Delivery:
    return Delivery(
        f"t/{n}",
        b"x" * size,
        n,
        1,
        retain=False,
        dup=False,
        packet=n,
        session=session,
        backlog=False,
    )


def messages(*numbers: int, session: int = 0) -> Messages:
    return Messages.of([delivery(n, session=session) for n in numbers])


def queue(
    *,
    held: int = 100,
    batch: int = 10,
    payload: int = 1_000,
    age: float = 0,
    monotonic: Callable[[], float] = time.monotonic,
    urgent: Callable[[Messages], bool] = lambda _: False,
) -> BatchQueue:
    return BatchQueue(
        held=Limits(held, payload),
        batch=Limits(batch, payload),
        age=age,
        monotonic=monotonic,
        urgent=urgent,
    )


@given(
    st.lists(st.one_of(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.none())),
    st.integers(1, 9),
    st.integers(1, 120),
)
def test_everything_comes_out_in_order(items: list[Chunk | None], batch: int, payload: int) -> None:
    q = queue(held=1_000, batch=batch, payload=payload)
    expected: list[int] = []
    for item in items:
        start = len(expected)
        if item is None:
            q.put(CaughtUp(start))
            expected.append(start)
        else:
            chunk = [delivery(start + place, size) for place, size in enumerate(item)]
            q.put(Messages.of(chunk))
            expected += range(start, start + len(chunk))
    out: list[int] = []
    while len(out) < len(expected):
        taken = q.take(0)
        assert len(taken.messages) <= batch
        assert sum(map(len, taken.messages.payloads[:-1])) <= payload
        assert [int(t[2:]) for t in taken.messages.topics] == taken.messages.received.tolist()
        out += taken.messages.received.tolist()
        if taken.caught_up is not None:
            out.append(taken.caught_up)
    assert out == expected
    assert (len(q), q.size) == (0, 0)


def test_a_batch_belongs_to_one_session() -> None:
    q = queue()
    q.put(messages(1, 2, session=1))
    q.put(messages(3, session=1))
    q.put(messages(1, session=2))
    assert [(b.session, b.packets.tolist()) for b in (q.take(0).messages, q.take(0).messages)] == [
        (1, [1, 2, 3]),
        (2, [1]),
    ]


def test_what_waits_can_be_looked_at() -> None:
    q = queue(batch=2)
    q.put(messages(1, 2, 3))
    q.put(CaughtUp(9))
    q.put(messages(4))
    q.take(0)
    assert [m.packets.tolist() for m in q.waiting()] == [[3], [4]]
    assert np.array_equal(q.take(0).messages.packets, [3])


def test_it_is_full_by_count_and_by_bytes_until_it_is_taken_from() -> None:
    q = queue(held=3, batch=2, payload=100)
    fullness = []
    for step in (
        lambda: q.put(messages(1, 2)),
        lambda: q.put(messages(3)),
        lambda: q.take(0),
        lambda: q.put(Messages.of([delivery(4, 99)])),
    ):
        step()
        fullness.append(q.full)
    assert fullness == [False, True, False, True]


def test_nothing_comes_after_the_timeout() -> None:
    assert len(queue().take(0.001).messages) == 0


def test_the_first_message_waits_for_others_until_the_batch_is_full() -> None:
    """An hour would be waited, were the third not to complete the batch."""
    q = queue(batch=3, age=3_600)
    q.put(messages(1))

    def put_others() -> None:
        for n in (2, 3):
            q.put(messages(n))

    sender = threading.Thread(target=put_others)
    sender.start()
    assert q.take(0).messages.packets.tolist() == [1, 2, 3]
    sender.join()


def test_an_emergency_waits_for_nobody() -> None:
    """An hour would be waited otherwise."""
    q = queue(age=3_600, urgent=lambda said: 7 in said.packets)
    q.put(messages(1))
    sender = threading.Thread(target=q.put, args=[messages(7)])
    sender.start()
    assert q.take(0).messages.packets.tolist() == [1, 7]
    sender.join()
    q.put(messages(7, 8))
    assert q.take(0).messages.packets.tolist() == [7, 8]


def test_what_is_left_of_an_emergency_waits_for_nobody_either() -> None:
    q = queue(age=3_600, batch=2, urgent=lambda said: 7 in said.packets)
    q.put(messages(7, 8, 9))
    assert list(q.take(0).messages.packets) == [7, 8]
    assert list(q.take(0).messages.packets) == [9]


def test_nobody_is_waited_for_who_does_not_come() -> None:
    """Where nothing has come for a fifth of the age, the rest of it is not waited either."""
    looks: list[None] = []

    def still() -> float:
        looks.append(None)
        return 0.0

    q = queue(age=0.05, monotonic=still)  # it never grows old
    q.put(messages(1))
    assert q.take(0).messages.packets.tolist() == [1]
    assert len(looks) == 2


def test_a_full_batch_can_be_taken_before_its_turn() -> None:
    q = queue(batch=2)
    q.put(messages(1))
    assert q.take_full() is None
    q.put(messages(2, 3))
    full = q.take_full()
    assert full is not None
    assert full.messages.packets.tolist() == [1, 2]
    assert q.take_full() is None


def test_closing_lets_a_waiting_taker_go() -> None:
    q = queue(age=3_600)
    q.put(messages(1))
    closer = threading.Thread(target=q.close)
    closer.start()
    assert q.take(3_600).messages.packets.tolist() == [1]
    closer.join()
