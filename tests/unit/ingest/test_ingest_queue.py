"""The queue bounds what is held and hands it over in order, batch by batch."""

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from ingest.queue import BatchQueue, CaughtUp, Limits
from ingest.source import Delivery


def delivery(n: int, size: int = 1) -> Delivery:
    return Delivery(
        f"t/{n}", b"x" * size, n, 1, retain=False, dup=False, packet=n, session=0, backlog=False
    )


def queue(*, held: int = 100, batch: int = 10, payload: int = 1_000) -> BatchQueue:
    return BatchQueue(
        held=Limits(held, payload),
        batch=Limits(batch, payload),
        age=0,
        monotonic=time.monotonic,
    )


@given(st.lists(st.one_of(st.integers(0, 50), st.none()), max_size=60), st.integers(1, 9))
def test_everything_comes_out_in_order(items: list[int | None], batch: int) -> None:
    q = queue(held=1_000, batch=batch, payload=10_000)
    for place, size in enumerate(items):
        q.put(CaughtUp(place) if size is None else delivery(place, size))
    out: list[int] = []
    while len(q):
        taken = q.take(0)
        assert len(taken.messages) <= batch
        out += [d.received for d in taken.messages.deliveries()]
        if taken.caught_up is not None:
            out.append(taken.caught_up)
    assert out == list(range(len(items)))
    assert q.size == 0


def test_a_batch_is_bounded_by_bytes() -> None:
    q = queue(payload=100)
    for n in range(1, 4):
        q.put(delivery(n, 30))
    q._batch = Limits(10, 50)
    assert [d.packet for d in q.take(0).messages.deliveries()] == [1, 2]


def test_nothing_comes_after_the_timeout() -> None:
    assert len(queue().take(0.001).messages) == 0


def test_a_full_queue_makes_the_sender_wait_until_there_is_room() -> None:
    q = queue(held=2)
    q.put(delivery(1))
    q.put(delivery(2))
    done = threading.Event()

    def put_third() -> None:
        q.put(delivery(3))
        done.set()

    sender = threading.Thread(target=put_third)
    sender.start()
    assert not done.wait(0.05)
    assert [d.packet for d in q.take(0).messages.deliveries()] == [1, 2]
    assert done.wait(5)
    sender.join()
    assert [d.packet for d in q.take(0).messages.deliveries()] == [3]


def test_closing_lets_a_waiting_sender_go() -> None:
    q = queue(held=1)
    q.put(delivery(1))
    sender = threading.Thread(target=q.put, args=(delivery(2),))
    sender.start()
    q.close()
    sender.join(5)
    assert not sender.is_alive()
