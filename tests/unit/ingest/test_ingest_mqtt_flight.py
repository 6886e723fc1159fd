"""A packet id stands for one message at a time; an acknowledgement is for that one only."""

from ingest.mqtt.flight import Flight
from ingest.source import Delivery, Messages


def messages(*said: tuple[int, bytes, bool], at: int = 0) -> Messages:
    """(packet id, payload, DUP) each, received from `at` on; packet id 0 is QoS 0."""
    return Messages.of(
        [
            Delivery(
                "some/topic", payload, at + n, int(packet > 0), False, dup, packet, 1, backlog=False
            )
            for n, (packet, payload, dup) in enumerate(said)
        ]
    )


def test_what_is_in_flight_is_not_admitted_again() -> None:
    flight = Flight()
    first = flight.admit(messages((1, b"a", False), (2, b"b", False), (0, b"c", False)))
    assert (len(first), len(flight)) == (3, 2)
    again = messages((2, b"b", True), (3, b"d", False), (3, b"d", True), (0, b"c", False))
    assert flight.admit(again).payloads == [b"d", b"c"]
    assert flight.settle(first).tolist() == [1, 2]
    assert flight.settle(first).tolist() == []
    assert len(flight) == 1
    assert flight.admit(messages((1, b"a", True))).payloads == [b"a"]


def test_a_redelivery_under_the_id_of_another_message_is_admitted() -> None:
    flight = Flight()
    flight.admit(messages((1, b"a", False)))
    assert flight.admit(messages((1, b"other", True))).payloads == [b"other"]


def test_a_number_given_anew_is_not_acknowledged_for_the_old_message() -> None:
    """Even where both say the very same: a button's "" after each press."""
    flight = Flight()
    old = flight.admit(messages((1, b"", False)))
    new = flight.admit(messages((1, b"", False)))
    assert flight.settle(old).tolist() == []
    assert flight.settle(new.take(slice(0, 1))).tolist() == [1]


def test_a_forgotten_session_has_nothing_to_acknowledge() -> None:
    flight = Flight()
    taken = flight.admit(messages((1, b"a", False)))
    flight.forget()
    assert flight.settle(taken).tolist() == []


def test_what_a_broker_may_just_be_repeating_is_acknowledged_when_it_has_come_again() -> None:
    """Seen to repeat itself: 1 came long ago, 2 has come again lately, 3 is new."""
    flight = Flight()
    taken = flight.admit(messages((1, b"a", False), (2, b"b", False)))
    flight.admit(messages((2, b"b", True), at=900))
    new = flight.admit(messages((3, b"c", False), at=1_000))
    assert flight.settle(taken, since=500).tolist() == [2]
    assert (set(flight.kept_back), len(flight)) == ({1}, 2)
    assert flight.settle(new, since=500).tolist() == [3]
    assert flight.due().tolist() == []
    assert len(flight.admit(messages((1, b"a", True), at=2_000))) == 0
    assert flight.due().tolist() == [1]
    assert (flight.due().tolist(), flight.late({1}).tolist(), len(flight)) == ([], [], 0)


def test_what_does_not_come_again_is_acknowledged_late() -> None:
    flight = Flight()
    taken = flight.admit(messages((1, b"a", False), (2, b"b", False)))
    flight.admit(messages((2, b"b", True), at=100))
    assert flight.settle(taken, since=500).tolist() == []
    assert sorted(flight.late({1, 2}).tolist()) == [1, 2]
    assert flight.late({1, 2}).tolist() == []


def test_a_broker_that_does_not_repeat_itself_waits_once() -> None:
    """It is given the chance to; then its acknowledgements are never late again."""
    flight = Flight()
    taken = flight.admit(messages((1, b"a", False)))
    assert flight.settle(taken, since=500).tolist() == []
    assert flight.late({1}).tolist() == [1]
    taken = flight.admit(messages((2, b"b", False)))
    assert flight.settle(taken, since=500).tolist() == [2]


def test_a_number_given_anew_ends_what_was_kept_back_under_it() -> None:
    flight = Flight()
    old = flight.admit(messages((1, b"a", False), (2, b"b", False)))
    flight.admit(messages((2, b"b", True), at=1))
    assert flight.settle(old, since=500).tolist() == []
    flight.admit(messages((1, b"new", False), at=2))
    assert flight.late({1, 2}).tolist() == [2]


def test_a_broker_that_was_only_late_is_not_taken_for_one_that_does_not_repeat_itself() -> None:
    flight = Flight()
    late = flight.admit(messages((1, b"a", False)))
    assert flight.settle(late, since=500).tolist() == []
    assert flight.late({1}).tolist() == [1]
    taken = flight.admit(messages((2, b"b", False), (3, b"c", False)))
    flight.admit(messages((2, b"b", True), at=900))  # it does
    assert flight.settle(taken, since=500).tolist() == [2]
    assert flight.kept_back == {3}


def test_what_a_lost_connection_left_comes_again_from_every_broker() -> None:
    flight = Flight()
    taken = flight.admit(messages((1, b"a", False), (2, b"b", False)))
    assert flight.settle(taken.take(slice(1)), since=500).tolist() == []
    assert flight.late({1}).tolist() == [1]
    flight.reconnected()
    flight.admit(messages((2, b"b", True), at=100))
    assert flight.settle(taken.take(slice(1, 2)), since=500).tolist() == [2]
