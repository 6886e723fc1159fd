"""Two copies of a message are one; it keeps its time until it is stored, through a crash too."""

from pathlib import Path

import pytest

from ingest.emergency.journal import Heard, Journal
from ingest.emergency.ledger import Entry, Ledger, Way
from ingest.state import State
from schemas.times import SECOND

NOW = 1_760_000_000_000_000
SESSION = "vigil-ingest@broker:1883"


def heard(name: str = "aa", at: int = NOW, *ids: str) -> Heard:
    return Heard(name, f"topic/{name}", at, ids)


def entry(one: Heard, *, since: float = 0, way: Way = "aside") -> Entry:
    return Entry(one, since, (), {way})


def ledger(folder: Path, token: str = "one", session: str = SESSION) -> Ledger:
    return Ledger(Journal(State(folder, token=token), session=session))


def test_the_other_copy_joins_once(tmp_path: Path) -> None:
    it = ledger(tmp_path)
    assert not it.joins("aa", NOW, "aside")
    it.add(entry(heard()))
    assert not it.joins("aa", NOW + SECOND, "aside")  # said twice: two messages
    assert it.joins("aa", NOW + SECOND, "held")
    assert not it.joins("aa", NOW + SECOND, "held")
    assert not it.joins("aa", NOW - 60 * SECOND, "held")  # before, the same words
    assert not it.joins("bb", NOW, "held")


def test_one_that_is_stored_already_is_not_remembered(tmp_path: Path) -> None:
    """The store was quicker than the session aside."""
    it = ledger(tmp_path)
    it.committed("aa", NOW, qos=1)
    assert it.joins("aa", NOW + 1, "aside")
    it.add(entry(heard()))
    assert len(it) == 0
    it.add(entry(heard(at=NOW + 60 * SECOND)))  # pressed again
    assert len(it) == 1


def test_each_of_several_alike_takes_its_own_time(tmp_path: Path) -> None:
    it = ledger(tmp_path)
    for seconds in (0, 10):
        it.add(entry(heard(at=NOW + seconds * SECOND)))
    late = NOW + 900 * SECOND
    assert it.claim("aa", NOW - 60 * SECOND, qos=1) is None  # came well before
    assert it.claim("aa", late, qos=1) == NOW
    assert it.claim("aa", late + 1, qos=1) == NOW + 10 * SECOND
    assert it.claim("aa", late + 2, qos=1) is None  # a third press is a press of its own
    it.committed("aa", late, qos=1)
    it.committed("aa", late + 1, qos=1)
    assert len(it) == 0
    assert it.claim("aa", late + 3, qos=1) is None


def test_at_qos_0_only_the_copy_of_the_same_moment_is_one(tmp_path: Path) -> None:
    it = ledger(tmp_path)
    it.add(entry(heard()))
    assert it.claim("aa", NOW + 900 * SECOND, qos=0) is None
    assert it.claim("aa", NOW + SECOND, qos=0) == NOW


def test_what_is_due_goes_once_and_in_order(tmp_path: Path) -> None:
    it = ledger(tmp_path)
    it.add(entry(heard("bb"), since=2))
    it.add(entry(heard("aa"), since=1))
    assert it.go(heard_before=0.5) == []
    assert it.pending()
    assert [e.heard.digest for e in it.go(heard_before=2)] == ["aa", "bb"]
    assert it.go(heard_before=9) == []
    assert not it.pending()


def test_a_new_process_knows_what_went_ahead(tmp_path: Path) -> None:
    first = State(tmp_path, token="first")
    it = Ledger(Journal(first, session=SESSION))
    it.add(entry(heard("aa", NOW, "1" * 32)))
    it.add(entry(heard("bb", NOW + 1, "2" * 32)))
    it.add(entry(heard("cc")))
    it.go(heard_before=0)
    it.committed("bb", NOW + 2, qos=1)
    first.close()  # as its end does, whatever it was
    second = State(tmp_path, token="second")
    again = Ledger(Journal(second, session=SESSION))
    assert again.ids() == {"1" * 32}
    assert again.claim("aa", NOW + 900 * SECOND, qos=1) == NOW
    assert [p.stem for p in tmp_path.iterdir()] == ["second"]  # it is the only one to tell now
    again.known({"1" * 32})
    again.restored(["cc"], until=NOW + SECOND)
    assert len(again) == 0
    second.close()
    assert list(tmp_path.iterdir()) == []


def test_another_sessions_journal_is_left_alone(tmp_path: Path) -> None:
    first = State(tmp_path, token="first")
    it = Ledger(Journal(first, session="another@elsewhere:1883"))
    it.add(entry(heard()))
    it.go(heard_before=0)
    first.close()
    assert len(ledger(tmp_path, "second")) == 0
    assert (tmp_path / "first.journal").exists()


def test_a_living_process_keeps_its_file_and_its_lock(tmp_path: Path) -> None:
    first, second = State(tmp_path, token="first"), State(tmp_path, token="second")
    it = Ledger(Journal(first, session=SESSION))
    it.add(entry(heard()))
    it.go(heard_before=0)
    assert len(Ledger(Journal(second, session=SESSION))) == 1
    assert (tmp_path / "first.journal").exists()
    assert not second.ended("first")
    first.close()
    assert second.ended("first")
    assert not second.ended("nobody")
    second.close()


@pytest.mark.parametrize("garbage", [b'{"heard":{"digest":"dd"', b"\xff\n", b"[]\n", b'{"x":1}\n'])
def test_a_torn_journal_gives_what_is_whole(tmp_path: Path, garbage: bytes) -> None:
    first = State(tmp_path, token="first")
    it = Ledger(Journal(first, session=SESSION))
    it.add(entry(heard()))
    it.go(heard_before=0)
    with (tmp_path / "first.journal").open("ab") as file:
        file.write(garbage)
    first.close()
    assert len(ledger(tmp_path, "second")) == 1


def test_without_a_disk_it_goes_on(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    it = ledger(blocked)
    it.add(entry(heard()))
    assert len(it.go(heard_before=0)) == 1
    it.committed("aa", NOW, qos=1)
    assert len(it) == 0
    assert len(ledger(tmp_path / "other")) == 0


def test_nothing_is_forgotten_before_it_may_be(tmp_path: Path) -> None:
    it = ledger(tmp_path)
    it.add(entry(heard()))
    it.go(heard_before=0)
    assert it.forget() == 1
    assert len(it) == 0
    assert (tmp_path / "one.journal").read_bytes() == b""
