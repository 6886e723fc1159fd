"""night-absence for the plain engine, with the usual hours of each elder."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support import reference_calendar as calendar

if TYPE_CHECKING:
    from tests.support.reference_engine import ReferenceEngine
    from tests.support.reference_world import Level

RULE = "night-absence"


@dataclass
class Habit:
    """Bed and rise times in minutes after the evening."""

    day: int | None = None
    stay: int = 0
    bed: int | None = None
    rise: int | None = None
    beds: dict[int, int] = field(default_factory=dict)
    rises: dict[int, int] = field(default_factory=dict)
    usual: tuple[int, int] | None = None


@dataclass
class Out:
    night: int | None = None
    slept: int = 0
    out: bool = False
    base: int = 0
    stopped: bool = False
    red_at: int | None = None  # set while the red step waits
    due: int | None = None
    habit: Habit = field(default_factory=Habit)


class NightAbsence:
    def __init__(self, engine: ReferenceEngine) -> None:
        self.engine = engine
        self.outs: dict[str, Out] = defaultdict(Out)

    def _zone(self, elder: str) -> str:
        return self.engine.elders[elder].zone

    def _hour(self, elder: str, night: int, name: str) -> int:
        """When the night starts or ends: usually, or by the rule's or the elder's own figure."""
        usual = self.outs[elder].habit.usual
        if usual is not None and (elder, RULE, name) not in self.engine.overrides:
            into = usual[0] if name == "starts" else usual[1]
            return calendar.at(self._zone(elder), night, calendar.EVENING + into)
        minutes = int(self.engine.figure(RULE, name, elder))
        into = (minutes - calendar.EVENING) % 1440
        return calendar.at(self._zone(elder), night, calendar.EVENING + into)

    def _step_s(self, elder: str, name: str) -> int | None:
        return self.engine.micros(RULE, name, elder)

    # Bed rows

    def bed(self, elder: str, ts: int, inside: bool, found: Level, late: bool) -> None:
        """A bed row in order; `found`: the level before it."""
        out = self.outs[elder]
        self._learn(elder, ts, inside, found)
        if not inside:
            self.engine._mark(RULE, f"elder:{elder}", ts, False)
        night = calendar.night_of(self._zone(elder), ts)
        if not out.out:
            self._sleep(elder, ts, night, found)
        if inside:
            self.engine._clear(RULE, f"elder:{elder}", ts, late)
            out.out, out.stopped, out.red_at, out.due = False, False, None, None
        elif found.value is True:
            settled = self._step_s(elder, "settled_s")
            enough = settled is not None and out.slept >= settled
            assert out.night is not None
            if ts < self._hour(elder, out.night, "ends") and enough:
                out.out = True
                self.count(elder, ts)
        elif out.out:
            assert found.hold is not None
            if ts > found.hold or out.stopped:
                self.count(elder, ts)

    def _sleep(self, elder: str, ts: int, night: int, found: Level) -> None:
        out = self.outs[elder]
        if night != out.night:
            out.night, out.slept = night, 0
        if found.value is True and found.at is not None and found.hold is not None:
            evening = calendar.at(self._zone(elder), night, calendar.EVENING)
            out.slept += max(0, min(ts, found.hold) - max(found.at, evening))

    def _learn(self, elder: str, ts: int, inside: bool, found: Level) -> None:
        habit, zone = self.outs[elder].habit, self._zone(elder)
        night = calendar.night_of(zone, ts)
        if habit.day is None or night > habit.day:
            self._turn(elder, habit, night)
        goes_on = found.value is True and found.hold is not None and ts <= found.hold
        if inside and not goes_on:
            habit.stay = ts
        settled = self._step_s(elder, "settled_s")
        if inside or not goes_on or settled is None or ts - habit.stay < settled:
            return
        into = calendar.minutes_into(zone, night, habit.stay)
        if 0 <= into < 720 and night == habit.day:
            habit.bed = into if habit.bed is None else habit.bed
            habit.rise = calendar.minutes_into(zone, night, ts)

    def _turn(self, elder: str, habit: Habit, night: int) -> None:
        if habit.day is not None and habit.bed is not None and habit.rise is not None:
            habit.beds[habit.day], habit.rises[habit.day] = habit.bed, habit.rise
        habit.day, habit.bed, habit.rise, habit.usual = night, None, None, None
        beds, rises = (calendar.recent(known, night) for known in (habit.beds, habit.rises))
        if len(beds) >= max(1, self.engine.figure(RULE, "least_nights", elder)):
            bed, rise = calendar.twice_median(beds) // 2, calendar.twice_median(rises) // 2
            if bed < rise < 1440:
                habit.usual = (bed, rise)

    # Counting

    def count(self, elder: str, since: int) -> None:
        out = self.outs[elder]
        assert out.night is not None
        out.base = max(since, self._hour(elder, out.night, "starts"))
        out.stopped, out.red_at = False, None
        self._schedule(elder)

    def _schedule(self, elder: str) -> None:
        out = self.outs[elder]
        assert out.night is not None
        ends = self._hour(elder, out.night, "ends")
        severity = self.engine._alert(RULE, f"elder:{elder}").severity
        orange, red = self._step_s(elder, "orange_s"), self._step_s(elder, "red_s")
        last_hour = self._step_s(elder, self._rising(elder))
        out.due = None
        if severity is None and orange is not None:
            out.due = out.base + orange if out.base + orange <= ends else None
        elif severity == "orange" and red is not None and last_hour is not None:
            at = out.base + red
            if out.base < ends - last_hour and at <= self._red_until(elder):
                out.due = at

    def _rising(self, elder: str) -> str:
        """Which figure says how early who leaves is taken to have got up."""
        own = (elder, RULE, "ends") in self.engine.overrides
        return "last_hour_s" if own or self.outs[elder].habit.usual else "learning_s"

    def _red_until(self, elder: str) -> int:
        night, grace = self.outs[elder].night, self._step_s(elder, "grace_s")
        assert night is not None
        assert grace is not None
        return self._hour(elder, night, "ends") + grace

    def fire(self, elder: str, limit: int) -> None:
        out = self.outs[elder]
        while out.due is not None and out.due <= limit:
            due, out.due = out.due, None
            hold = self.engine.bed[elder].hold
            if hold is None or due > hold or self.engine.is_away(elder, due):
                out.stopped, out.red_at = True, None
            elif self.engine._alert(RULE, f"elder:{elder}").severity is None:
                self.engine._reach(RULE, f"elder:{elder}", due, "orange")
                self._schedule(elder)
            else:
                self._try_red(elder, due, False)
        hold = self.engine.bed[elder].hold
        if hold is not None and hold + 1 <= limit:
            self.engine._mark(RULE, f"elder:{elder}", hold + 1, True)

    def _try_red(self, elder: str, at: int, late: bool) -> None:
        out = self.outs[elder]
        until = self.engine.seen_until(self.engine.elders[elder].home)
        if until is None or until <= at:
            out.red_at = out.due = None
            self.engine._reach(RULE, f"elder:{elder}", at, "red", late)
            return
        if out.red_at is None:
            out.red_at = at
        out.due = until if until <= self._red_until(elder) else None

    def concern(self, elder: str, ts: int, *, active: bool, left: bool, late: bool) -> None:
        """A live row of the home shows activity, or that somebody left a room."""
        out, alert = self.outs[elder], self.engine._alert(RULE, f"elder:{elder}")
        if not out.out:
            return
        if active and alert.severity is not None and alert.since is not None and ts >= alert.since:
            self.engine._clear(RULE, f"elder:{elder}", ts, late)
            self.count(elder, ts)
        elif left and out.red_at is not None:
            at, hold = max(ts, out.red_at), self.engine.bed[elder].hold
            holds = hold is not None and at <= hold
            if at <= self._red_until(elder) and holds and not self.engine.is_away(elder, at):
                self._try_red(elder, at, late)
