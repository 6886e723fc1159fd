"""Simulated workers answer the alerts: would this roster keep the marks with these alerts?

A small model, every figure of which is stated in `Model`. Orange and red alerts of a home within
`together_s` are one call. A call is paged up the ladder: red at once to the community, then to the
street, the district and the city, whoever is on duty; where nobody is, the next level is paged at
once. Whoever is free first answers, after a reaction time, telephones, and for a red that somebody
was in need of drives there, or sends the nearest free colleague on duty below. Workers do one
thing at a time. What the model leaves out: breaks, shift ends in the middle of a call, families,
ambulances, and that workers who are paged too often stop running.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from schemas.alerts import Alert, Category, Severity
from schemas.directory import Level
from schemas.times import SECOND, to_micros
from simulator.score.coverage import Coverage, Post
from simulator.score.matching import Matching

ANSWER_MARKS_S = (60, 180)
"""97.5 % and 99 % of calls answered within so long: TSA's quality standard."""
ARRIVE_MARK_S = 15 * 60
"""15分钟养老服务圈."""


class Model(BaseModel):
    """The project's own estimates; times in seconds, drawn lognormally about their medians."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    red_rungs_s: tuple[int, ...] = (0, 30, 60, 90)
    orange_rungs_s: tuple[int, ...] = (0, 300, 900, 900)
    reaction_s: float = Field(default=15, description="median, from page to answer when free")
    spread: float = Field(default=0.6, description="sigma of every logarithm")
    call_s: float = Field(default=120, description="median length of a telephone call")
    travel_s: dict[Level, float] = Field(
        default={
            Level.COMMUNITY: 480,
            Level.STREET: 780,
            Level.DISTRICT: 1_500,
            Level.CITY: 2_400,
        },
        description="median way to the home, by the level that somebody is sent from",
    )
    visit_s: float = Field(default=1_800, description="median time in the home")
    visited_false: float = Field(
        default=0.3, description="share of false reds that a telephone call does not settle"
    )
    together_s: int = Field(default=1_800, description="alerts of a home within this are one call")


class Call(NamedTuple):
    """What became of one call; times in seconds from its first alert, None: nobody did."""

    at: int
    severity: Severity
    genuine: bool
    answered: float | None
    arrived: float | None
    level: Level | None


@dataclass
class Staffing:
    """All calls of a run."""

    calls: list[Call] = field(default_factory=list)

    def answered(self, within_s: float) -> float | None:
        """Share of orange and red calls; None without any."""
        return _share([c.answered for c in self.calls], within_s)

    def answered_red(self, within_s: float) -> float | None:
        return _share([c.answered for c in self.calls if c.severity is Severity.RED], within_s)

    def arrived(self, within_s: float) -> float | None:
        """Share of reds that somebody was in need of; a missing arrival counts as failed."""
        needed = [c for c in self.calls if c.severity is Severity.RED and c.genuine]
        return _share([c.arrived for c in needed], within_s)


def _share(times: Sequence[float | None], within_s: float) -> float | None:
    if not times:
        return None
    return sum(t is not None and t <= within_s for t in times) / len(times)


def answer(matching: Matching, coverage: Coverage, *, model: Model, rng: Random) -> Staffing:
    """Let the workers answer every orange and red alert, in order of time."""
    desk = _Desk(coverage, model, rng)
    staffing = Staffing()
    for group in _together(matching.alerts, model):
        genuine = any(a.id in matching.genuine for a in group)
        staffing.calls.append(desk.take(group, genuine=genuine))
    return staffing


def _together(alerts: Iterable[Alert], model: Model) -> list[list[Alert]]:
    """One list a call, by its first alert's time; device alerts are tasks, not calls."""
    loud = [
        a for a in alerts if a.severity is not Severity.BLUE and a.category is not Category.DEVICE
    ]
    calls: list[list[Alert]] = []
    open_: dict[str, list[Alert]] = {}
    for alert in sorted(loud, key=lambda a: (a.onset, a.id)):
        home = alert.home or alert.id
        last = open_.get(home)
        if last and (alert.onset - last[0].onset).total_seconds() <= model.together_s:
            last.append(alert)
            continue
        open_[home] = [alert]
        calls.append(open_[home])
    return calls


class _Desk:
    """Workers, and until when each is busy."""

    def __init__(self, coverage: Coverage, model: Model, rng: Random) -> None:
        self._coverage, self._model, self._rng = coverage, model, rng
        self._free: dict[str, int] = {}

    def take(self, group: Sequence[Alert], *, genuine: bool) -> Call:
        severity = max((a.severity for a in group), key=lambda s: s.rank)
        at = to_micros(group[0].onset)
        posts = self._coverage.way_up(group[0].home)
        answered = self._answered(posts, at, severity)
        if answered is None:
            return Call(at, severity, genuine, None, None, None)
        when, worker, post = answered
        free = when + self._time(self._model.call_s)
        arrived = None
        needs = genuine or self._rng.random() < self._model.visited_false
        self._free[worker] = free
        if severity is Severity.RED and needs:
            arrived = self._go(posts, worker, post, free)
        return Call(
            at,
            severity,
            genuine,
            (when - at) / SECOND,
            None if arrived is None else (arrived - at) / SECOND,
            post.level,
        )

    def _answered(
        self, posts: Sequence[Post], at: int, severity: Severity
    ) -> tuple[int, str, Post] | None:
        """Who answers first: time, worker, post."""
        model = self._model
        rungs = model.red_rungs_s if severity is Severity.RED else model.orange_rungs_s
        best: tuple[int, str, Post] | None = None
        rung = 0
        for post in posts:
            paged = at + rungs[min(rung, len(rungs) - 1)] * SECOND
            workers = self._coverage.on_duty(post.station, paged)
            rung += bool(workers)  # an uncovered level is passed at once
            for worker in workers:
                when = max(paged, self._free.get(worker, 0)) + self._time(model.reaction_s)
                if best is None or when < best[0]:
                    best = when, worker, post
        return best

    def _go(self, posts: Sequence[Post], worker: str, post: Post, at: int) -> int:
        """Whoever is on duty and free nearest to the home, at worst who answered; arrival."""
        goer, sent_from = worker, post.level
        for near in posts[: posts.index(post)]:
            idle = [
                w for w in self._coverage.on_duty(near.station, at) if self._free.get(w, 0) <= at
            ]
            if idle:
                goer, sent_from = idle[0], near.level
                break
        arrived = at + self._time(self._model.travel_s[sent_from])
        self._free[goer] = arrived + self._time(self._model.visit_s)
        return arrived

    def _time(self, median_s: float) -> int:
        return round(median_s * self._rng.lognormvariate(0, self._model.spread) * SECOND)
