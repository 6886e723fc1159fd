"""`vigil demo`, put together: the world, the witness, the fleet, simulated staff, the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from schemas import topics
from schemas.areas import ways_up
from schemas.directory import Directory, Level, Role
from simulator.fleet import make_directory
from simulator.incidents import Plan, plan
from simulator.live import messages
from simulator.message import Message
from store.connect import connect
from store.tally import tally
from vigil.clock import ScaledClock
from vigil.demo.client import Client
from vigil.demo.staff import SimulatedStaff
from vigil.demo.witness import Witness
from vigil.demo.world import Child, World, embedded, round_the_clock
from vigil.embedded.process import EmbeddedError
from vigil.settings import Time

_DRAIN_S = 20.0  # how long what was published may take to be committed at the end
_START_S = 60  # how long the processes may take to start
_BEAT_S = 0.02  # the loop's pause when nothing is due


@dataclass(frozen=True)
class Options:
    homes: int
    seconds: float | None
    seed: int
    port: int
    speed: float
    password: str


@dataclass(frozen=True)
class Progress:
    """A second's figures."""

    elapsed: float
    published: int
    rate: float
    delivered: int


@dataclass(frozen=True)
class Login:
    """Whom to be in the demo: a worker whose home's alerts nobody else answers."""

    staff: str
    station: str
    level: str


Say = Callable[[str], None]
Opened = Callable[[World, list[Login]], None]


def run(
    options: Options,
    *,
    folder: Path,
    real_now: int,
    stopped: Callable[[], bool],
    opened: Opened,
    progress: Callable[[Progress], None],
    say: Say,
) -> dict[str, Any]:
    """Until the time is over or `stopped` says so; the result as one object."""
    time = Time(speed=options.speed, origin=real_now, started=real_now)
    clock = ScaledClock(origin=time.origin, started=time.started, speed=time.speed)
    directory = round_the_clock(make_directory(homes=options.homes, seed=options.seed))
    with ExitStack() as stack:
        world = stack.enter_context(
            embedded(folder, directory, password=options.password, port=options.port, time=time)
        )
        witness = Witness()
        watching = [*topics.SUBSCRIPTIONS, topics.station_alerts("+")]
        watcher = Client(
            world.broker_url, "demo-witness", topics=watching, on_message=witness.on_message
        )
        stack.callback(watcher.close)
        children = [Child("ingest", world), Child("stations", world)]
        for child in children:
            stack.callback(child.stop)
        store = stack.enter_context(connect(world.dsn, application="vigil demo"))
        _await_processes(store, children, clock)

        start = clock.now()
        story = plan(directory, seed=options.seed, start=start, until=None, staged=True)
        rng = Random(options.seed)  # noqa: S311 (a simulation)
        staff = SimulatedStaff(directory, answers=story.answered, rng=rng)
        talker = Client(
            world.broker_url,
            "demo-fleet",
            topics=[topics.station_alerts("+")],
            on_message=staff.on_message,
        )
        stack.callback(talker.close)
        opened(world, logins(directory, story))
        fleet = _Fleet(
            messages(directory, seed=options.seed, start=start, until=None, plan=story), talker
        )
        _live(
            fleet,
            staff=staff,
            children=children,
            witness=witness,
            clock=clock,
            seconds=options.seconds,
            stopped=stopped,
            progress=progress,
            say=say,
        )
        return _result(store, witness, clock)


def logins(directory: Directory, story: Plan) -> list[Login]:
    """The community whose first alert is left alone, and the stations above it."""
    left = next((i for i in story.staged if not story.answered(i.home)), story.staged[0])
    level = {a.id: a.level for a in directory.areas}
    stations = {s.area: s for s in directory.stations}
    found = []
    for area in ways_up(directory)[left.area]:
        station = stations[area]
        worker = next(s for s in directory.staff if s.station == station.id and s.role is Role.DUTY)
        found.append(Login(worker.id, station.name, Level(level[area]).value))
    return found


class _Fleet:
    """Publishes what is due, no faster than the broker takes it."""

    def __init__(self, stream: Iterator[Message], client: Client) -> None:
        self._stream, self.client = stream, client
        self._next = next(stream, None)
        self._last: Any = None

    def publish_due(self, now: int) -> None:
        while self._next is not None and self._next.at <= now:
            message = self._next
            self._last = self.client.publish(
                message.topic, message.payload, qos=message.qos, retain=message.retain
            )
            self._next = next(self._stream, None)

    def flush(self) -> None:
        """Wait until the broker has confirmed the last one."""
        if self._last is not None:
            self._last.wait_for_publish(_DRAIN_S)


def _live(
    fleet: _Fleet,
    *,
    staff: SimulatedStaff,
    children: list[Child],
    witness: Witness,
    clock: ScaledClock,
    seconds: float | None,
    stopped: Callable[[], bool],
    progress: Callable[[Progress], None],
    say: Say,
) -> None:
    began = told = clock.monotonic()
    before = 0
    while not stopped() and (seconds is None or clock.monotonic() - began < seconds):
        now = clock.now()
        fleet.publish_due(now)
        for topic, payload in staff.due(now):
            fleet.client.publish(topic, payload, qos=1, retain=False)
        if (elapsed := clock.monotonic() - told) >= 1:
            total = witness.total
            rate = (total - before) / elapsed
            delivered = len(witness.delivered)
            progress(Progress(clock.monotonic() - began, total, rate, delivered))
            told, before = clock.monotonic(), total
            for child in children:
                if (trouble := child.watch(clock.monotonic())) is not None:
                    say(trouble)
        clock.sleep(_BEAT_S)
    fleet.flush()


def _await_processes(store: psycopg.Connection, children: list[Child], clock: ScaledClock) -> None:
    """Until ingest owns its partition and has caught up once; EmbeddedError if one dies first."""
    deadline = clock.monotonic() + _START_S
    while clock.monotonic() < deadline:
        if store.execute("SELECT count(*) FROM standstill").fetchone() != (0,):
            return
        for child in children:
            if (trouble := child.watch(clock.monotonic())) is not None:
                raise EmbeddedError(trouble)
        clock.sleep(0.1)
    raise EmbeddedError(f"ingest did not start within {_START_S} s: see {children[0].log}")


def _result(store: psycopg.Connection, witness: Witness, clock: ScaledClock) -> dict[str, Any]:
    """What the store says, compared with what the witness saw, once they agree or time is up.

    `lost`: published, and neither a row nor a reject nor in quarantine. `duplicates`: rows beyond
    what was published.
    """
    deadline = clock.monotonic() + _DRAIN_S
    while True:
        found = tally(store)
        expected = witness.published - witness.repeated
        kept = Counter(found.committed) + Counter(found.rejected)
        lost, duplicates = (expected - kept).total(), (kept - expected).total()
        if (lost == 0 and duplicates == 0) or clock.monotonic() > deadline:
            break
        clock.sleep(0.1)
    return {
        "published": witness.total,
        "committed": sum(found.committed.values()),
        "rejected": sum(found.rejected.values()),
        "repeated": witness.repeated.total(),
        "duplicates": duplicates,
        "alerts": found.alerts,
        "delivered": len(witness.delivered),
        "acknowledged": found.acknowledged,
        "escalated": found.escalated,
        "lost": lost,
    }
