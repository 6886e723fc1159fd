"""Ingest from the broker to the commit, beside what the same machine passes to others.

As fast as the broker takes the messages, Vigil in turn with a subscriber in C, a bare one in
Python, the plain script and a bare COPY: medians over the rounds of one run. Everybody has a
broker of its own (a session that was left behind would make the broker work for it) and a database
of its own.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import bare, fleet
from bench.brokers import Serve, brokers
from bench.contenders import Contender, plain_script, vigil
from bench.generator import Speaker
from bench.result import Result
from schemas.directory import Directory
from store.migrate import migrate
from tests.support.mosquitto import Mosquitto
from tests.support.registry import town
from tests.support.services import fresh_database
from vigil.embedded.broker import Broker
from vigil.embedded.postgres import Postgres

HOMES = 10_000  # a round of the rules takes one row of each: few homes would mean many rounds
ROUNDS = 3
SINGLES = 60_000  # messages
ARRAYS = 6_000  # messages of 50 readings
COPIED = 500_000  # rows
COPY_BATCH = 5_000

Rates = dict[str, float]
"""Contender → messages or readings a second."""


@dataclass(frozen=True)
class Course:
    """What the contenders of a run have in common."""

    serve: Serve
    store: Postgres
    directory: Directory
    speakers: list[Speaker]
    count: int


def singles(folder: Path) -> list[Result]:
    """Messages of one reading, for each broker that is there."""
    directory = town(homes=HOMES)
    speakers = fleet.singles(directory)
    results = []
    for name, rounds in _run(folder, directory, speakers, SINGLES, _singles_round):
        rate = _medians(rounds)
        ceiling = "C subscriber" if "C subscriber" in rate else "bare subscriber"
        results += [
            *(Result(f"{who}, {name}", rate[who], "messages/s") for who in rate if who != "vigil"),
            _ours("single readings", name, rounds, ceiling, at_least=0.5),
            _ours("single readings", name, rounds, "plain script", at_least=1.3),
        ]
    return results


def arrays(folder: Path) -> list[Result]:
    """Messages of a gateway with a reading of each of fifty devices."""
    directory = fleet.crowded(homes=HOMES)
    speakers = fleet.arrays(directory)
    results = []
    for name, rounds in _run(folder, directory, speakers, ARRAYS, _arrays_round):
        rate = _medians(rounds)
        results += [
            *(Result(f"{who}, {name}", rate[who], "readings/s") for who in rate if who != "vigil"),
            _ours("arrays of 50", name, rounds, "bare COPY", at_least=0.3),
            _absolute("arrays of 50", name, rate["vigil"], at_least=150_000),
        ]
    return results


Round = Callable[[Course, Path], Rates]


def _run(
    folder: Path, directory: Directory, speakers: list[Speaker], count: int, one: Round
) -> Iterator[tuple[str, list[Rates]]]:
    """Each broker's name, and what its rounds gave."""
    for name, serve in brokers().items():
        with Postgres(folder / f"{name}-store", settings=KEEPS_COMMIT_TIMES) as store:
            course = Course(serve, store, directory, speakers, count)
            rounds = []
            for n in range(ROUNDS):
                place = folder / f"{name}-{n}"
                place.mkdir()
                rounds.append(one(course, place))
        yield name, rounds


KEEPS_COMMIT_TIMES = {"track_commit_timestamp": "on"}


def _singles_round(course: Course, folder: Path) -> Rates:
    rates: Rates = {}
    with course.serve(folder / "c") as broker:
        found = bare.c_subscriber(broker.port, course.speakers, course.count, folder)
        if found is not None:
            rates["C subscriber"] = found
    with course.serve(folder / "bare") as broker:
        rates["bare subscriber"] = bare.python_subscriber(
            broker.port, course.speakers, course.count, folder
        )
    return {**rates, **_stored(course, folder)}


def _arrays_round(course: Course, folder: Path) -> Rates:
    with fresh_database(course.store.dsn) as dsn:
        migrate(dsn)
        copied = bare.copy_rate(dsn, rows=COPIED, batch=COPY_BATCH)
    return {"bare COPY": copied, **_stored(course, folder)}


def _stored(course: Course, folder: Path) -> Rates:
    """Those that bring it into the store; readings a second."""
    rates: Rates = {}
    for contend in (_plain, _vigil):
        with contend(course, folder) as contender:
            rates[contender.name] = contender.rate(course.speakers, course.count)
    return rates


@contextmanager
def _plain(course: Course, folder: Path) -> Iterator[Contender]:
    with (
        course.serve(folder / "plain-broker") as broker,
        fresh_database(course.store.dsn) as dsn,
        plain_script(broker, dsn, folder / "plain") as contender,
    ):
        yield contender


@contextmanager
def _vigil(course: Course, folder: Path) -> Iterator[Contender]:
    with at_work(course.serve, course.store, course.directory, folder) as (contender, _):
        yield contender


@contextmanager
def at_work(
    serve: Serve, store: Postgres, directory: Directory, folder: Path
) -> Iterator[tuple[Contender, Mosquitto | Broker]]:
    """Vigil on a broker and a database of its own."""
    with (
        serve(folder / "vigil-broker") as broker,
        fresh_database(store.dsn) as dsn,
        vigil(broker, dsn, directory, folder / "vigil") as contender,
    ):
        yield contender, broker


def _medians(rounds: list[Rates]) -> Rates:
    return {who: statistics.median(rates[who] for rates in rounds) for who in rounds[0]}


def _ours(what: str, broker: str, rounds: list[Rates], other: str, *, at_least: float) -> Result:
    """The median of the rounds' ratios: what disturbs a round disturbs both."""
    ratio = statistics.median(rates["vigil"] / rates[other] for rates in rounds)
    return Result(
        f"{what}, {broker}",
        _medians(rounds)["vigil"],
        "readings/s",
        against=f"{other}, same run",
        ratio=ratio,
        budget=f"≥ {at_least}" if broker == "mosquitto" else "",
        ok=ratio >= at_least if broker == "mosquitto" else None,
    )


def _absolute(what: str, broker: str, value: float, *, at_least: float) -> Result:
    return Result(
        f"{what}, {broker}",
        value,
        "readings/s",
        against="budget",
        ratio=value / at_least,
        budget=f"≥ {at_least:,}/s" if broker == "mosquitto" else "",
        ok=value >= at_least if broker == "mosquitto" else None,
    )
