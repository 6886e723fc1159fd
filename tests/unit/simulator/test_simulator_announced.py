"""Announced trips: the registry knows of them, and the rules then leave the home in peace."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from rules.engine import Engine
from rules.load import load_catalogue
from schemas.directory import Directory, Living
from schemas.readings import Readings
from schemas.registry import Registry
from schemas.registry_csv import read_folder
from schemas.times import DAY, HOUR, MINUTE, parse_rfc3339, to_micros
from simulator import truth
from simulator.announced import announce
from simulator.columns import columns
from simulator.fleet import make_directory
from simulator.incidents import Incident, Kind, Plan, plan
from simulator.write import Course, write_run

START = parse_rfc3339("2026-06-01T12:00:00+08:00")
UNTIL = START + 10 * DAY
SEED = 2


@cache
def fleet() -> tuple[Directory, Plan]:
    directory = make_directory(homes=150, seed=SEED)
    return directory, planned(directory)


def planned(directory: Directory) -> Plan:
    return plan(directory, seed=SEED, start=START, until=UNTIL, staged=False, every=0.5)


def trips() -> list[Incident]:
    return [i for i in fleet()[1] if i.kind is Kind.TRIP]


def test_some_trips_of_those_who_live_alone_are_announced() -> None:
    directory, whole = fleet()
    told = announce(directory, whole, seed=SEED)
    assert told == announce(directory, trips(), seed=SEED), "nothing else is told"
    assert told.model_copy(update={"away": ()}) == directory
    alone = {e.id for e in directory.elders if e.living in (Living.LONE, Living.LEFT_BEHIND)}
    of = {(i.elder, i.ends): i for i in trips()}
    assert 0.1 * len(of) < len(told.away) < 0.5 * len(of)
    for away in told.away:
        trip = of[away.elder, to_micros(away.until)]
        assert away.elder in alone
        assert to_micros(away.start) == trip.at + 10 * MINUTE


def test_a_run_says_who_is_away(tmp_path: Path) -> None:
    directory = make_directory(homes=100, seed=SEED)
    nine = START - 3 * HOUR  # when trips begin
    write_run(tmp_path / "run", directory, Course(SEED, nine - HOUR, nine + MINUTE, every=0.9))
    lines = list(truth.read(tmp_path / "run" / "truth.jsonl"))
    registry = read_folder(tmp_path / "run" / "registry")
    assert registry == announce(directory, lines, seed=SEED)
    assert registry.away


def test_nobody_is_asked_after_who_said_that_they_would_be_away() -> None:
    """The very readings of one home, judged with and without the announcement."""
    directory, _ = fleet()
    rooms = {d.elder for d in directory.devices if d.profile == "canonical" and d.id[0] == "r"}
    away = next(a for a in announce(directory, trips(), seed=SEED).away if a.elder in rooms)
    home = alone(directory, away.elder)
    at = to_micros(away.start)
    span = {"start": at - HOUR, "until": at + 13 * HOUR}
    said = list(columns(home, seed=SEED, plan=planned(home), **span))
    assert "no-activity" in raised(home, said)
    assert raised(home.model_copy(update={"away": (away,)}), said) == set()


def alone(directory: Directory, elder: str) -> Directory:
    """The elder's home by itself."""
    home = next(e.home for e in directory.elders if e.id == elder)
    elders = tuple(e for e in directory.elders if e.home == home)
    ids = {e.id for e in elders}
    devices = tuple(d for d in directory.devices if d.home == home or d.elder in ids)
    gateways = {d.gateway for d in devices}
    return directory.model_copy(
        update={
            "homes": tuple(h for h in directory.homes if h.id == home),
            "elders": elders,
            "devices": devices,
            "gateways": tuple(g for g in directory.gateways if g.id in gateways),
            "contacts": (),
        }
    )


def raised(home: Directory, said: Iterable[Readings]) -> set[str]:
    engine = Engine(load_catalogue(), Registry.build(home))
    return {change.rule for change in engine.apply(Readings.concat(list(said)))}
