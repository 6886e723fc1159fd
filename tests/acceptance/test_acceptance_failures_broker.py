"""A broker that is restarted or killed, and one that repeats itself (I1, I2)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas import topics
from tests.support.fleet import HOMES, Publisher, now_ms, traffic
from tests.support.ledger import Ledger, check, missing, settle
from tests.support.mosquitto import Mosquitto, needs_mosquitto
from tests.support.mqtt_frames import ForgetsDup
from tests.support.proxy import Proxy
from tests.support.registry import EAST, WEST, town
from tests.support.stopped import peak_memory
from tests.support.system import AnyBroker, System, running_system, until
from vigil.embedded.broker import Broker

MEMORY = 250 * 1024 * 1024  # bytes; what the design grants at 22,000 elders


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


@contextmanager
def ingesting(broker: AnyBroker, dsn: str, folder: Path, **extra: str) -> Iterator[System]:
    settings = {
        "VIGIL_INGEST__REJECT_RATE": "100000",
        "VIGIL_INGEST__REDELIVERY_WAIT_S": "2.5",  # NATS's, and it matters here
        **extra,
    }
    with running_system(dsn, broker, town(homes=HOMES), folder, **settings) as running:
        running.start("ingest")
        until(running.caught_up)
        yield running
        assert peak_memory(running.pid("ingest")) < MEMORY


def test_nats_restarted_and_killed(database: str, tmp_path: Path) -> None:
    with Broker(tmp_path / "broker") as broker, ingesting(broker, database, tmp_path) as running:
        with traffic(broker, resends=True) as fleet:
            pause(0.5)
            broker.stop()
            broker.start()
            pause(1)
            broker.kill()
            broker.start()
        settle(running, fleet.ledger)


@needs_mosquitto
def test_mosquitto_restarted_and_killed(database: str, tmp_path: Path) -> None:
    """Mosquitto writes its file once a second: what it took in the last one before a kill and had
    not handed on is lost to it, and to us. Everything else is exact."""
    with (
        Mosquitto(tmp_path / "broker") as broker,
        ingesting(broker, database, tmp_path) as running,
    ):
        with traffic(broker, resends=True) as fleet:
            pause(0.5)
            broker.stop()
            broker.start()
            until(lambda: running.caught_up(2))
            pause(1)
            safe = set(fleet.ledger.acknowledged)
            until(lambda: not safe - stored(running, fleet.ledger))
            broker.kill()
            taken = set(fleet.ledger.acknowledged)
            broker.start()
        ledger = fleet.ledger
        exempt = taken - safe
        until(lambda: missing(running, ledger) <= exempt, seconds=60)
        ledger.acknowledged -= missing(running, ledger)
        check(running, ledger)


def stored(running: System, ledger: Ledger) -> set[int]:
    return ledger.acknowledged - missing(running, ledger)


def test_repetitions_and_disorder(database: str, tmp_path: Path) -> None:
    """Each reading said three times, in any order, by several clients."""
    with Broker(tmp_path / "broker") as broker, ingesting(broker, database, tmp_path) as running:
        ledger, base = Ledger(), now_ms()
        speakers = [Publisher(broker, ledger) for _ in range(3)]
        for start, speaker in enumerate(speakers):
            for step in range(300):
                serial = (step * 7 + start * 100) % 300  # each its own order
                said = b'{"ts":%d,"seq":%d,"movement":1}' % (base - serial * 100, serial)
                n = 1 + serial % HOMES
                area = EAST if n % 2 else WEST
                speaker.say(topics.up(area, f"g{n}", f"m{n}"), said, serial)
        for speaker in speakers:
            speaker.wait()
            speaker.close()
        settle(running, ledger)


def test_redelivery_without_dup(database: str, tmp_path: Path) -> None:
    """A broker that does not say that it repeats itself: what has a time of its own, or a
    sequence, is known again by that."""
    forgotten: list[int] = []
    with (
        Broker(tmp_path / "broker") as broker,
        Proxy(broker.port, filter_=lambda: ForgetsDup(forgotten)) as proxy,
    ):
        url = f"mqtt://127.0.0.1:{proxy.port}"
        with ingesting(broker, database, tmp_path, VIGIL_BROKER__URL=url) as running:
            with traffic(broker, resends=True) as fleet:
                for _ in range(4):
                    pause(0.5)
                    proxy.cut()
                running.kill("ingest")
                running.start("ingest")
            settle(running, fleet.ledger)
            assert forgotten
