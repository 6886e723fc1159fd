"""Whatever people and alerts do, in any order and on two copies: what must hold at every moment.

Each open red is in somebody's hands or paging, no timer stays behind, a home has one open
incident, no alert and no card is lost, and every limit that passes pages holder and next level.
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.alerts import ChangeKind, Severity
from stations.policy import Coverage
from stations.work import Action
from tests.support.always import HOMES, STAFF, Play, playing

EXAMPLES = int(os.environ.get("VIGIL_STATIONS_EXAMPLES", "40"))

# Most of it happens at one home and near it, else most actions would be refused.
actors = st.sampled_from((*STAFF[:1] * 4, *STAFF))
homes = st.sampled_from((*HOMES[:1] * 3, *HOMES))
deeds = st.tuples(st.sampled_from((*[Action.ACKNOWLEDGE, Action.RELEASE] * 3, *Action)), actors)
act = st.tuples(st.just("act"), homes, deeds)
race = st.tuples(st.just("race"), homes, deeds, deeds)
passes = st.tuples(st.just("passes"), st.sampled_from([1, 29, 31, 200, 1000, 2000]))
comes = st.tuples(
    st.just("comes"),
    homes,
    st.sampled_from(["sos", "fall", "heart-rate", "device-silent"]),
    st.sampled_from(Severity),
    st.booleans(),
)
becomes = st.tuples(
    st.just("becomes"),
    st.integers(0, 20),
    st.sampled_from([ChangeKind.CLEARED, ChangeKind.REOPENED, ChangeKind.SEVERITY]),
)
shift = st.tuples(st.sampled_from(["confirm", "sign_out", "seen"]), actors)
leaves = st.tuples(st.just("leaves"), homes)
quiet = st.tuples(st.just("mute"), homes, st.sampled_from(["care", "fall"]))
copies = st.tuples(st.just("swap"))
step = act | race | passes | comes | becomes | shift | leaves | quiet | copies


@dataclass
class Stage:
    """One loop and one pair of copies for every example."""

    runner: asyncio.Runner
    play: Play


@pytest.fixture
def stage(town_dsn: str) -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        scene = playing(town_dsn)
        yield Stage(runner, runner.run(scene.__aenter__()))
        runner.run(scene.__aexit__(None, None, None))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(step, min_size=3, max_size=16),
    coverage=st.sampled_from(Coverage),
)
def test_each_open_red_is_in_hand_or_paging(
    stage: Stage, steps: list[tuple[object, ...]], coverage: Coverage
) -> None:
    stage.runner.run(stage.play.through(steps, coverage))
