"""Which packets are known again, and for how long (I2)."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest import log
from ingest.log import CommittedPackets, Entry, Packets
from ingest.source import Mark, Messages

WINDOW = log._REMEMBERED


def messages(*numbers: int, payload: bytes = b"x", marks: int = Mark.QOS1) -> Messages:
    n = len(numbers)
    return Messages(
        [b"topic"] * n,
        [payload] * n,
        np.arange(n),
        np.array(numbers, np.int64),
        np.full(n, marks, np.uint8),
        session=1,
    )


def again(*numbers: int, payload: bytes = b"x") -> Messages:
    return messages(*numbers, payload=payload, marks=Mark.QOS1 | Mark.DUP)


def committed(*batches: Messages) -> CommittedPackets:
    known = CommittedPackets()
    for batch in batches:
        known.add(log.packets(batch, np.ones(len(batch), np.bool_)))
    return known


def test_a_redelivery_of_a_committed_packet_is_known() -> None:
    known = committed(messages(1, 2))
    assert known.repeated(again(1, 2, 3)).tolist() == [True, True, False]


def test_only_the_same_words_marked_as_a_redelivery_are() -> None:
    known = committed(messages(1))
    assert known.repeated(messages(1)).tolist() == [False]
    assert known.repeated(again(1, payload=b"y")).tolist() == [False]


def test_what_the_store_knows_by_its_key_takes_no_room() -> None:
    batch = messages(1, 2, 3)
    packets = log.packets(batch, np.array([False, True, False]))
    assert (packets.passed, packets.numbers, len(packets.digests)) == (3, [2], 8)
    known = CommittedPackets()
    known.add(packets)
    assert known.repeated(again(1, 2, 3)).tolist() == [False, True, False]


def test_qos_0_has_no_packet() -> None:
    batch = messages(0, 0, marks=0)
    assert log.packets(batch, np.ones(2, np.bool_)) == Packets(0, [], b"")


def test_a_packet_is_forgotten_when_its_id_may_mean_another_message() -> None:
    """Counted in packets, not in those that are remembered: ids run on with all of them."""
    known = committed(messages(1))
    known.add(Packets(WINDOW - 1, [], b""))
    assert known.repeated(again(1)).tolist() == [True]
    known.add(Packets(1, [], b""))
    assert known.repeated(again(1)).tolist() == [False]
    assert len(known) == 0


@given(st.lists(st.lists(st.integers(1, 9), max_size=4), max_size=9))
def test_after_a_restart_it_knows_the_same(batches: list[list[int]]) -> None:
    live, restarted = CommittedPackets(), CommittedPackets()
    for n, numbers in enumerate(batches):
        batch = messages(*numbers, payload=b"%d" % n)
        packets = log.packets(batch, np.arange(len(batch)) % 2 == 0)
        live.add(packets)
        entry = Entry(b"", None, None, 0, "s", packets.numbers, packets.digests, packets.passed)
        restarted.add(log.decode(log.encode(entry)).known())
    for n in range(len(batches)):
        asked = again(*range(1, 10), payload=b"%d" % n)
        assert live.repeated(asked).tolist() == restarted.repeated(asked).tolist()


def test_an_entry_of_the_first_form_is_read() -> None:
    """Written before `passed` was: all its packets were remembered."""
    old = log.encode(Entry(b"", None, None, 0, "s", [7, 8], bytes(16)))[:-1]
    known = log.decode(bytes([old[0] - 1]) + old[1:]).known()
    assert known == Packets(2, [7, 8], bytes(16))
