"""restless-night and vital-trend for the plain engine."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support import reference_calendar as calendar
from tests.support.reference_figures import HOUR, MIN

if TYPE_CHECKING:
    from tests.support.reference_engine import ReferenceEngine

STARTS, ENDS = 22 * 60, 30 * 60


@dataclass
class Tally:
    night: int | None = None
    count: int | None = None
    nights: dict[int, int] = field(default_factory=dict)
    told: int | None = None
    due: int | None = None


class Restless:
    RULE = "restless-night"

    def __init__(self, engine: ReferenceEngine) -> None:
        self.engine = engine
        self.tallies: dict[str, Tally] = defaultdict(Tally)

    def fire(self, elder: str, limit: int) -> None:
        tally = self.tallies[elder]
        if tally.due is not None and tally.due <= limit:
            due, tally.due = tally.due, None
            self.engine._clear(self.RULE, f"elder:{elder}", due)

    def bed(self, elder: str, ts: int, inside: bool, was_in: bool, late: bool) -> None:
        """A bed row in order; `was_in`: the level that it found."""
        tally, zone = self.tallies[elder], self.engine.elders[elder].zone
        self.fire(elder, ts)
        night = calendar.night_of(zone, ts)
        if tally.night is None or night > tally.night:
            if tally.night is not None and tally.count is not None:
                tally.nights[tally.night] = tally.count
            tally.night, tally.count = night, None
        if night != tally.night:
            return
        ends = calendar.at(zone, night, ENDS)
        if not calendar.at(zone, night, STARTS) <= ts < ends:
            return
        if inside:
            tally.count = tally.count or 0
        elif was_in and ts < ends - HOUR:
            tally.count = (tally.count or 0) + 1
            self._judge(elder, tally, ts, late)

    def _judge(self, elder: str, tally: Tally, ts: int, late: bool) -> None:
        engine, subject = self.engine, f"elder:{elder}"
        assert tally.night is not None
        assert tally.count is not None
        before = calendar.recent(tally.nights, tally.night)
        least = max(1, engine.figure(self.RULE, "least_nights", elder))
        if engine._alert(self.RULE, subject).severity is not None or len(before) < least:
            return
        if tally.count < engine.figure(self.RULE, "exits", elder):
            return
        above = engine.figure(self.RULE, "above", elder)
        if 2 * tally.count < calendar.twice_median(before) + 2 * above:
            return
        pause = engine.micros(self.RULE, "pause_s", elder)
        if tally.told is not None and (pause is None or ts - tally.told < pause):
            return
        if engine.is_away(elder, ts):
            return
        tally.told = ts
        engine._reach(self.RULE, subject, ts, "blue", late)
        tally.due = calendar.at(engine.elders[elder].zone, tally.night + 1, STARTS)


@dataclass
class Adding:
    night: int | None = None
    halves: dict[int, list[int]] = field(default_factory=dict)
    judged: int | None = None
    nights: dict[int, int] = field(default_factory=dict)
    due: int | None = None


class Trend:
    RULE = "vital-trend"

    def __init__(self, engine: ReferenceEngine, name: str) -> None:
        self.engine = engine
        self.block = f"{self.RULE}/{name}"
        self.floor = f"{name}_floor"
        self.adding: dict[str, Adding] = defaultdict(Adding)

    def row(self, elder: str, ts: int, value: float) -> None:
        """A bed row that knows the rate while the elder is in bed."""
        adding, zone = self.adding[elder], self.engine.elders[elder].zone
        self.fire(elder, ts)
        night = calendar.night_of(zone, ts)
        starts, ends = calendar.at(zone, night, STARTS), calendar.at(zone, night, ENDS)
        half = (ts - starts) // (30 * MIN)
        if not starts <= ts < ends or half >= 24:
            return
        if adding.night is not None and night < adding.night:
            return
        if adding.judged is not None and night <= adding.judged:
            return
        if night != adding.night:
            adding.night, adding.halves, adding.due = night, {}, ends
        if half >= max(adding.halves, default=0):
            adding.halves.setdefault(half, []).append(round(10 * value))

    def fire(self, elder: str, limit: int) -> None:
        adding = self.adding[elder]
        if adding.due is None or adding.due > limit:
            return
        due, adding.due = adding.due, None
        assert adding.night is not None
        figure = self._figure(elder, adding)
        if figure is not None:
            self._judge(elder, adding, due, figure)
            adding.nights[adding.night] = figure
        adding.judged = adding.night

    def _figure(self, elder: str, adding: Adding) -> int | None:
        """The median of the half-hour means in hundredths, rounded down."""
        means = [(20 * sum(v) + len(v)) // (2 * len(v)) for v in adding.halves.values()]
        least = max(1, self.engine.figure(self.RULE, "half_hours", elder))
        return calendar.twice_median(means) // 2 if len(means) >= least else None

    def _judge(self, elder: str, adding: Adding, at: int, figure: int) -> None:
        engine, subject = self.engine, f"elder:{elder}"
        assert adding.night is not None
        before = calendar.recent(adding.nights, adding.night)
        if len(before) < max(1, engine.figure(self.RULE, "least_nights", elder)):
            return
        usual = calendar.twice_median(before)
        spread = calendar.twice_median([abs(2 * value - usual) for value in before])
        floor = round(100 * engine.figure(self.RULE, self.floor, elder))
        reach = engine.figure(self.RULE, "times", elder) * 14_826 * max(spread, 4 * floor)
        if 20_000 * abs(2 * figure - usual) <= reach:
            engine._clear(self.block, subject, at)
        elif not engine.is_away(elder, at):
            engine._reach(self.block, subject, at, "blue")
