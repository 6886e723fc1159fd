"""Links that are cut, stall or lose an answer, to the broker and to the store (I1, I2)."""

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.fleet import HOMES, traffic
from tests.support.ledger import settle
from tests.support.pgbouncer import PgBouncer, needs_pgbouncer
from tests.support.proxy import Filter, Proxy
from tests.support.registry import town
from tests.support.stopped import peak_memory
from tests.support.system import System, running_system, until
from vigil.embedded.broker import Broker

MEMORY = 250 * 1024 * 1024  # bytes; what the design grants at 22,000 elders


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


@contextmanager
def ingesting(
    dsn: str, folder: Path, *, to_broker: Proxy | None = None, store: str | None = None
) -> Iterator[System]:
    """Ingest on a broker (through a proxy that is not yet open, or directly) and a store."""
    settings = {
        "VIGIL_INGEST__REJECT_RATE": "100000",
        "VIGIL_INGEST__KEEPALIVE_S": "2",
        "VIGIL_INGEST__REDELIVERY_WAIT_S": "2.5",  # the embedded broker's, and it matters here
        "VIGIL_INGEST__STORE_TIMEOUT_S": "2",
        "VIGIL_STORE__DSN": store or dsn,
    }
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(folder / "broker"))
        if to_broker is not None:
            to_broker.target = broker.port
            stack.enter_context(to_broker)
            settings["VIGIL_BROKER__URL"] = f"mqtt://127.0.0.1:{to_broker.port}"
        system = running_system(dsn, broker, town(homes=HOMES), folder, **settings)
        running = stack.enter_context(system)
        running.start("ingest")
        until(running.caught_up)
        yield running
        assert peak_memory(running.pid("ingest")) < MEMORY


def through(proxy: Proxy, dsn: str) -> str:
    """The same store through a proxy."""
    return make_conninfo(dsn, host="127.0.0.1", port=str(proxy.port))


def port_of(dsn: str) -> int:
    return int(conninfo_to_dict(dsn)["port"] or 5432)


def torn(proxy: Proxy, rng: random.Random) -> None:
    """Cut at once, in the middle of what is being said, and for a while."""
    for _ in range(5):
        pause(rng.uniform(0.1, 0.5))
        proxy.cut()
        pause(rng.uniform(0.1, 0.5))
        proxy.cut_after(rng.randrange(1, 3_000))
    proxy.refuse()
    pause(1)
    proxy.accept()


def frozen(proxy: Proxy, _rng: random.Random) -> None:
    """The link stays open and never says another word: only ingest's own patience ends it."""
    pause(0.3)
    links = proxy.links
    proxy.freeze()
    until(lambda: proxy.links > links)


def stalled(proxy: Proxy, _rng: random.Random) -> None:
    """Nothing passes for longer than ingest's patience, new connections included."""
    pause(0.3)
    proxy.stall()
    pause(5)
    proxy.resume()


def test_the_link_to_the_broker(database: str, tmp_path: Path) -> None:
    proxy, rng = Proxy(0), random.Random(11)
    with ingesting(database, tmp_path, to_broker=proxy) as running:
        with traffic(running.broker) as fleet:
            for disturb in (torn, frozen, stalled):
                disturb(proxy, rng)
        settle(running, fleet.ledger)


def test_the_link_to_the_store(database: str, tmp_path: Path) -> None:
    rng = random.Random(12)
    with (
        Proxy(port_of(database)) as proxy,
        ingesting(database, tmp_path, store=through(proxy, database)) as running,
    ):
        with traffic(running.broker) as fleet:
            for disturb in (torn, frozen, stalled):
                disturb(proxy, rng)
        settle(running, fleet.ledger)


class LosesAnswers(Filter):
    """The third COMMIT of a link arrives; its answer, and all that follows, does not."""

    def __init__(self, lost: threading.Event) -> None:
        self._lost, self._commits = lost, 0

    def up(self, data: bytes) -> bytes:
        self._commits += data.count(b"COMMIT")
        return data

    def down(self, data: bytes) -> bytes:
        if self._commits < 3:
            return data
        self._lost.set()
        return b""


def test_a_commit_whose_answer_is_lost(database: str, tmp_path: Path) -> None:
    """It is in, and ingest finds that out instead of writing it again."""
    lost = threading.Event()
    with (
        Proxy(port_of(database)) as proxy,
        ingesting(database, tmp_path, store=through(proxy, database)) as running,
    ):
        with traffic(running.broker) as fleet:
            proxy.filter = lambda: LosesAnswers(lost)
            for _ in range(5):
                lost.clear()
                proxy.cut()
                assert lost.wait(30)
            proxy.filter = Filter
            proxy.cut()
        settle(running, fleet.ledger)


@needs_pgbouncer
def test_a_store_behind_pgbouncer(database: str, tmp_path: Path) -> None:
    """In transaction mode; ingest and the pooler are killed in turns, and readings repeated."""
    rng = random.Random(13)
    with (
        PgBouncer(tmp_path / "pgbouncer", database) as pooler,
        ingesting(database, tmp_path, store=pooler.dsn) as running,
    ):
        with traffic(running.broker) as fleet:
            for _ in range(3):
                pause(rng.uniform(0.5, 1.5))
                running.kill("ingest")
                running.start("ingest")
                pause(rng.uniform(0.5, 1.5))
                pooler.kill()
                pooler.start()
        settle(running, fleet.ledger)
