"""What the store refuses, and what a broker retains: neither holds up the rest (I3, I4)."""

from functools import partial
from pathlib import Path

from schemas import topics
from tests.support.fleet import HOMES, Publisher, now_ms, traffic
from tests.support.ledger import Ledger, settle
from tests.support.mosquitto import Mosquitto, needs_mosquitto
from tests.support.mqtt_frames import publish_all
from tests.support.registry import EAST, WEST, town
from tests.support.stopped import peak_memory
from tests.support.system import System, running_system, system, until

MEMORY = 250 * 1024 * 1024  # bytes; what the design grants at 22,000 elders

POISON = b"""
CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'no such movement' USING ERRCODE = 'check_violation', CONSTRAINT = 'poison';
END $$;
CREATE TRIGGER poison BEFORE INSERT ON reading
FOR EACH ROW WHEN (NEW.movement = 666) EXECUTE FUNCTION poison();
"""


def up(n: int, kind: str) -> str:
    return topics.up(EAST if n % 2 else WEST, f"g{n}", f"{kind}{n}")


def test_a_reading_that_the_store_refuses_goes_alone(database: str, tmp_path: Path) -> None:
    """Three among a thousand that wait together: found by halves, kept with the store's reason."""
    poisoned = {17, 500, 999}
    # Halving takes longer than the broker waits before it delivers again: its true time counts.
    true = {"VIGIL_INGEST__REDELIVERY_WAIT_S": "2.5"}
    with system(database, town(homes=HOMES), tmp_path, **true) as running:
        running.start("ingest")
        until(running.caught_up)
        running.stop("ingest")
        with running.sql() as connection:
            connection.execute(POISON)
        ledger = say_a_thousand(running, poisoned)
        running.start("ingest")
        settle(running, ledger)
        refused = running.rows("SELECT payload, reason FROM reject WHERE code = 'store'")
        assert {int(bytes(p).split(b'"seq":')[1].split(b",")[0]) for p, _ in refused} == poisoned
        assert all("no such movement" in reason for _, reason in refused)
        assert running.rows("SELECT count(*) FROM reading") == [(1_001 - len(poisoned),)]


def say_a_thousand(running: System, poisoned: set[int]) -> Ledger:
    """And a press among them."""
    ledger, base = Ledger(), now_ms() - 2_000
    speaker = Publisher(running.broker, ledger)
    for serial in range(1_000):
        movement = b"66.6" if serial in poisoned else b"1"
        said = b'{"ts":%d,"seq":%d,"movement":%s}' % (base + serial, serial, movement)
        speaker.say(up(1 + serial % HOMES, "m"), said, serial)
    speaker.say(up(1, "b"), b'{"sos":"pressed","seq":1000}', 1_000)
    ledger.alerts["sos", "b1"] += 1
    speaker.wait()
    speaker.close()
    return ledger


def test_a_press_that_the_store_refuses_alerts_all_the_same(listening: System) -> None:
    """Nothing of a reading need be stored for an emergency to be told (I7)."""
    with listening.sql() as connection:
        connection.execute(POISON)
    ledger = Ledger()
    speaker = Publisher(listening.broker, ledger)
    speaker.say(up(2, "b"), b'{"sos":"pressed","seq":1,"movement":66.6}', 1)
    speaker.wait()
    speaker.close()
    until(lambda: listening.tally().alerts == {"sos": 1})
    assert listening.rows("SELECT severity, device FROM alert") == [("red", "b2")]
    assert listening.rows("SELECT code FROM reject") == [("store",)]
    assert listening.rows("SELECT count(*) FROM reading") == [(0,)]


RETAINED = 100_000


@needs_mosquitto
def test_a_hundred_thousand_retained_messages(database: str, tmp_path: Path) -> None:
    """All over again on each connection: unknown devices are counted, known readings stay one row
    each, traffic goes on, and memory stays bounded."""
    with (
        Mosquitto(tmp_path / "broker") as broker,
        running_system(database, broker, town(homes=HOMES), tmp_path) as running,
    ):
        strangers = ((f"vigil/v1/{EAST}/g1/up/x{n}", b'{"movement":1}') for n in range(RETAINED))
        publish_all(broker.port, strangers, retain=True)
        known = {90_000 + n: up(n, "m") for n in range(1, HOMES + 1)}
        readings = [(t, b'{"ts":%d,"seq":%d}' % (now_ms(), serial)) for serial, t in known.items()]
        publish_all(broker.port, readings, retain=True)
        running.start("ingest")
        until(partial(strangers_heard, running))  # from here on the broker keeps what is for it
        with traffic(broker, resends=True) as fleet:
            until(partial(all_heard, running, 1), seconds=90)
        fleet.ledger.sent |= known.keys()
        fleet.ledger.acknowledged |= known.keys()
        settle(running, fleet.ledger)
        assert strangers_heard(running) == RETAINED
        running.kill("ingest")
        running.start("ingest")
        until(partial(all_heard, running, 2), seconds=90)
        settle(running, fleet.ledger)
        # Mosquitto 2.0 sends retained messages beyond its window, with packet ids given twice: what
        # cannot be acknowledged for that comes a second time, and is counted a second time.
        assert RETAINED * 2 <= strangers_heard(running) <= RETAINED * 3 - 65_535
        assert peak_memory(running.pid("ingest")) < MEMORY


def all_heard(running: System, times: int) -> bool:
    return strangers_heard(running) >= RETAINED * times


def strangers_heard(running: System) -> int:
    """Kept in quarantine, or beyond its budget only counted."""
    ((number,),) = running.rows(
        "SELECT (SELECT count(*) FROM quarantine)"
        " + (SELECT coalesce(sum(count), 0) FROM reject_overflow)"
    )
    return int(number)
