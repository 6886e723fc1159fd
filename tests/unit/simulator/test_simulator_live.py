"""The stream: in order, equal for equal arguments, and consistent with the plan."""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from hashlib import sha256
from itertools import islice, pairwise

import pytest

from schemas import topics
from schemas.directory import Directory
from schemas.times import HOUR, MINUTE, SECOND, parse_rfc3339
from simulator.columns import columns
from simulator.faults import ALL, NONE
from simulator.fleet import make_directory
from simulator.incidents import Kind, plan
from simulator.kinds import Fault
from simulator.live import Message, messages

START = parse_rfc3339("2026-06-01T22:40:00+08:00")


def _stream(fleet: Directory, *, minutes: int, seed: int = 7, start: int = START) -> list[Message]:
    until = start + minutes * MINUTE
    planned = plan(fleet, seed=seed, start=start, until=until, staged=True)
    return list(messages(fleet, seed=seed, start=start, until=until, plan=planned))


def _digest(stream: list[Message]) -> str:
    return sha256(repr([tuple(m) for m in stream]).encode()).hexdigest()


@pytest.fixture(scope="module")
def fleet() -> Directory:
    return make_directory(homes=40, seed=7)


@pytest.fixture(scope="module")
def hour(fleet: Directory) -> list[Message]:
    return _stream(fleet, minutes=60)


PROGRAM = """
import sys
sys.path.insert(0, "tests/unit/simulator")
from test_simulator_live import _digest, _stream
from simulator.fleet import make_directory
print(_digest(_stream(make_directory(homes=9, seed=3), minutes=12, seed=3)))
"""


def test_bytes_are_equal_in_another_process(pytestconfig: pytest.Config) -> None:
    """Python's own hashes differ between these two processes; nothing here may use them."""
    printed = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=pytestconfig.rootpath,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    mine = _digest(_stream(make_directory(homes=9, seed=3), minutes=12, seed=3))
    assert printed == {mine}


def test_bytes_are_pinned() -> None:
    """A new digest means that every published run changes: say so if it is meant."""
    stream = _stream(make_directory(homes=9, seed=3), minutes=12, seed=3)
    assert _digest(stream) == PINNED


PINNED = "4089a5b5cc4f1ee86b55e522c061760baffc0341d34cefce1662b9dcadfaa5c3"


def test_columns_with_all_faults_are_pinned() -> None:
    """The same on every machine: integers, and exact arithmetic only."""
    fleet, until = make_directory(homes=10, seed=3), START + 2 * HOUR
    planned = plan(fleet, seed=3, start=START, until=until, staged=False, faults=ALL, every=0.9)
    digest = sha256()
    for said in columns(fleet, seed=3, start=START, until=until, plan=planned):
        digest.update(said.to_bytes())
    assert digest.hexdigest() == PINNED_COLUMNS


PINNED_COLUMNS = "06956af1a0b26c89be177419ec01ca195f5b7cce471a58b8b212ef270290b0f3"


def test_seed_changes_what_is_said(fleet: Directory, hour: list[Message]) -> None:
    assert _digest(_stream(fleet, minutes=5, seed=8)) != _digest(_stream(fleet, minutes=5))


@pytest.mark.parametrize("faults", [NONE, ALL])
@pytest.mark.parametrize("window", [SECOND, 7 * SECOND, 15 * SECOND])
def test_how_time_is_cut_changes_nothing(window: int, faults: frozenset[Fault]) -> None:
    fleet = make_directory(homes=12, seed=9)
    until = START + 30 * MINUTE
    kwargs = {"seed": 9, "start": START, "until": until}
    planned = plan(fleet, **kwargs, staged=not faults, faults=faults, every=0.9)
    cut = list(messages(fleet, **kwargs, plan=planned, window=window))
    assert cut == list(messages(fleet, **kwargs, plan=planned))


def test_a_stream_without_end_begins_like_one_that_ends(
    fleet: Directory, hour: list[Message]
) -> None:
    endless = plan(fleet, seed=7, start=START, until=None, staged=True)
    stream = messages(fleet, seed=7, start=START, until=None, plan=endless)
    assert list(islice(stream, 1000)) == hour[:1000]


def test_in_order_of_time_within_the_run_on_topics_we_know(hour: list[Message]) -> None:
    at = [m.at for m in hour]
    assert at == sorted(at)
    assert at[0] >= START
    assert at[-1] < START + HOUR
    assert all(topics.parse(m.topic) is not None for m in hour)
    assert {m.qos for m in hour} == {1}


def test_every_gateway_comes_online_first(fleet: Directory, hour: list[Message]) -> None:
    statuses = [m for m in hour if m.retain]
    assert {m.topic for m in statuses} == {topics.status(g.area, g.id) for g in fleet.gateways}
    assert all(json.loads(m.payload) == {"online": True} for m in statuses)
    assert statuses[-1].at < START + 5 * SECOND


def test_the_load_is_smooth() -> None:
    fleet = make_directory(homes=200, seed=7)
    stream = [m for m in _stream(fleet, minutes=5) if not m.retain]
    seconds = Counter((m.at - START) // SECOND for m in stream)
    mean = len(stream) / 300
    assert 8 < mean < 12
    assert max(seconds.values()) <= 2.5 * mean


def _canonical(stream: list[Message]) -> dict[str, list[tuple[int, dict[str, object]]]]:
    said = defaultdict(list)
    for message in stream:
        address = topics.parse(message.topic)
        if address and address.kind == "up":
            said[address.rest].append((message.at, json.loads(message.payload)))
    return said


def test_numbers_count_up_by_one_and_times_just_precede_publication(hour: list[Message]) -> None:
    for said in _canonical(hour).values():
        assert [s["seq"] for _, s in said] == list(range(1, len(said) + 1))
        for at, s in said:
            ts = s["ts"]
            micros = parse_rfc3339(ts) if isinstance(ts, str) else int(str(ts)) * 1000
            assert 0 < at - micros < SECOND


def test_both_ways_to_write_a_time_occur(hour: list[Message]) -> None:
    kinds = {type(said[0][1]["ts"]) for said in _canonical(hour).values()}
    assert kinds == {str, int}


def test_intervals_of_the_registry_are_kept(fleet: Directory, hour: list[Message]) -> None:
    planned = plan(fleet, seed=7, start=START, until=START + HOUR, staged=True).incidents
    silent = {i.device for i in planned if i.kind is Kind.SILENT}
    interval = {d.id: d.interval_s * SECOND for d in fleet.devices}
    for device, said in _canonical(hour).items():
        if device not in silent:
            gaps = [b - a for (a, _), (b, _) in pairwise(said)]
            assert max(gaps, default=0) <= interval[device]
