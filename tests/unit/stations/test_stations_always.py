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
from stations.deed import Action
from stations.ladder import LEVELS, Ladder
from stations.policy import Coverage
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


@st.composite
def ladders(draw: st.DrawFn) -> Ladder:
    """Any levels at any times, none longer than the longest that a timer may wait here."""

    def steps(longest: int) -> dict[str, object]:
        levels = draw(st.lists(st.sampled_from(LEVELS), min_size=1, unique=True))
        times = draw(
            st.lists(
                st.integers(1, longest),
                min_size=len(levels) - 1,
                max_size=len(levels) - 1,
                unique=True,
            )
        )
        rungs = zip(sorted(levels, key=LEVELS.index), (0, *sorted(times)), strict=True)
        waits = st.integers(10, longest)
        return {
            "rungs": [{"level": level, "after_s": after} for level, after in rungs],
            "repeat_s": draw(waits),
            "step_s": draw(waits),
            "on_site_s": draw(waits),
        }

    return Ladder.model_validate({"red": steps(900), "orange": steps(1800)})


administers = st.tuples(st.just("ladder"), st.none() | ladders())
step = act | race | passes | comes | becomes | shift | leaves | quiet | copies | administers


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
