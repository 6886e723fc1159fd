"""A second rule engine, as plain as can be: one reading at a time, dictionaries, no arrays.

Written from docs/reference/rules.md with the catalogue's default figures; shares no code with
the engine. It is slow on purpose: before every reading it looks at every timer there is.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tests.support.reference_activity import Inactivity
from tests.support.reference_figures import DAY, HOUR, INF, MIN, S, default_figure
from tests.support.reference_night import NightAbsence
from tests.support.reference_nights import Restless, Trend
from tests.support.reference_silence import Silence
from tests.support.reference_sustained import SUSTAINED, SustainedRule

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

LATENESS = 5 * S
SILENCE_LIMIT = {"mattress": 15 * MIN, "fall_sensor": 5 * MIN, "sos_button": 25 * HOUR}


@dataclass(frozen=True)
class Device:
    id: str
    kind: str
    location: str
    home: str
    elder: str | None
    gateway: str
    interval: int  # µs
    silence: int = 0  # µs, of the model; 0: of its kind
    mains: bool = False
    repeat: int = 5 * MIN

    @property
    def stale(self) -> int:
        return 3 * self.interval

    @property
    def limit(self) -> int:
        return self.limit_with(SILENCE_LIMIT[self.kind])

    def limit_with(self, of_kind: int) -> int:
        if self.mains and self.kind != "mattress":
            of_kind = 5 * MIN
        return max(self.silence or of_kind, self.stale)

    @property
    def own_bed(self) -> bool:
        return self.elder is not None and self.kind == "mattress" and self.location == "bed"

    @property
    def bed_source(self) -> bool:
        radar = self.elder is not None and self.kind == "fall_sensor"
        return self.own_bed or (radar and self.location not in ("shared_bed", "guest_bed"))

    @property
    def room_sensor(self) -> bool:
        return self.kind == "fall_sensor" and self.location in ("room", "wall")


@dataclass(frozen=True)
class Elder:
    id: str
    home: str
    lone: bool
    zone: str
    care_level: int = 0


@dataclass(frozen=True)
class Row:
    """One reading. Quantities are None where unknown."""

    ts: int
    received: int
    device: str | None = None
    gateway: str | None = None
    in_bed: bool | None = None
    heart_rate: float | None = None
    respiratory_rate: float | None = None
    movement: float | None = None
    battery: float | None = None
    tamper: bool | None = None
    presence: bool | None = None
    fall: str | None = None
    sos: str | None = None
    online: bool | None = None
    retained: bool = False
    test: bool = False
    history: bool = False
    backlog: bool = False
    no_time: bool = False
    sign_of_life: bool = False
    sos_level: bool = False
    fall_event: bool = False


@dataclass(frozen=True)
class Said:
    """What changed: kind is raised, severity, cleared or reopened."""

    rule: str
    subject: str
    onset: int
    kind: str
    severity: str
    at: int
    late: bool
    test: bool


RANK = {"blue": 1, "orange": 2, "red": 3}


@dataclass
class Alert:
    """The one alert of a rule block about a subject: its state, open or not."""

    severity: str | None = None
    onset: int | None = None
    since: int | None = None
    cleared: int | None = None
    quiet: bool = False


@dataclass
class Level:
    value: object = None
    at: int | None = None
    hold: int | None = None


@dataclass
class Presses:
    newest: int | None = None
    older: int | None = None
    tested: int | None = None
    checked: int | None = None
    told: str | None = None


@dataclass
class Held:
    """The newest run of an sos that is a level."""

    start: int | None = None
    last: int = 0
    until: int = 0
    held: bool = False

    def holds(self, ts: int) -> bool:
        return self.start is not None and self.start <= ts < self.until

    def press(self, ts: int, repeat: int) -> None:
        if self.start is not None and ts < self.start:
            return
        if not self.holds(ts):
            self.start = self.last = ts
            self.until, self.held = ts + repeat + 1, True
        elif self.held:
            self.last = max(self.last, ts)
            self.until = self.last + repeat + 1

    def release(self, ts: int) -> None:
        if self.held and ts >= self.last:
            self.until, self.held = min(self.until, ts), False


@dataclass
class FallState:
    value: str = "none"
    at: int | None = None
    run_from: int | None = None
    run_to: int | None = None
    suspected: int | None = None
    due: int | None = None


@dataclass
class ReferenceEngine:
    devices: dict[str, Device]
    elders: dict[str, Elder]
    gateways: set[str]
    overrides: dict[tuple[str, str, str], float] = field(default_factory=dict)
    away: list[tuple[str, int, int]] = field(default_factory=list)
    clock: int | None = None
    said: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alerts: dict[tuple[str, str], Alert] = {}
        self.latest_onset: dict[tuple[str, str], int] = {}
        self.bed: dict[str, Level] = defaultdict(Level)
        self.mattress_until: dict[str, int] = {}
        self.presence: dict[str, Level] = defaultdict(Level)
        self.presses: dict[tuple[str, str], Presses] = defaultdict(Presses)
        self.held: dict[tuple[str, str], Held] = defaultdict(Held)
        self.falls: dict[str, FallState] = defaultdict(FallState)
        self.back: dict[str, int] = {}
        self.sustained = [SustainedRule(self, rule) for rule in SUSTAINED]
        self.night = NightAbsence(self)
        self.restless = Restless(self)
        self.trends = {"heart": Trend(self, "heart"), "breath": Trend(self, "breath")}
        self.silence = Silence(self)
        self.inactivity = Inactivity(self)
        self.states: dict[tuple[str, str], int] = {}

    def set_registry(self, new: ReferenceEngine) -> None:
        """Take over the devices, elders, figures and periods of an engine that is not used."""
        gone = {f"device:{d}" for d in self.devices.keys() - new.devices.keys()}
        gone |= {f"elder:{e}" for e in self.elders.keys() - new.elders.keys()}
        gone |= {f"gateway:{g}" for g in self.gateways - new.gateways}
        for (block, subject), alert in list(self.alerts.items()):
            if subject in gone:
                if alert.severity is not None and self.clock is not None:
                    self._clear(block, subject, self.clock)
                del self.alerts[(block, subject)]
                self.latest_onset.pop((block.split("/", maxsplit=1)[0], subject), None)
        self._forget({subject.split(":")[1] for subject in gone})
        self.devices, self.elders, self.gateways = new.devices, new.elders, new.gateways
        self.overrides, self.away = new.overrides, new.away
        self.silence.follow()
        self.inactivity.follow()

    def _forget(self, gone: set[str]) -> None:
        by_id: list[dict[str, Any]] = [self.bed, self.mattress_until, self.presence, self.falls]
        by_id += [self.back, self.night.outs, self.restless.tallies, self.inactivity.still]
        by_id += [rule.runs for rule in self.sustained]
        by_id += [trend.adding for trend in self.trends.values()]
        for states in by_id:
            for id_ in gone & states.keys():
                del states[id_]
        by_pair: list[dict[tuple[str, str], Any]] = [self.presses, self.held, self.states]
        for pairs in by_pair:
            for key in [key for key in pairs if key[1] in gone]:
                del pairs[key]

    # The calls

    def apply(self, row: Row) -> None:
        if not row.backlog:
            self._move_clock(row.received)
        self.silence.fire()
        self.silence.hear(row)
        self._fire_timers()
        if row.device in self.devices and not row.sign_of_life:
            self._judge(row, self.devices[row.device])
        self._fire_timers()

    def advance(self, now: int) -> None:
        if self.clock is not None and now <= self.clock:
            return
        self._move_clock(now)
        self.silence.fire()
        self._fire_timers()

    def resume(self, now: int) -> None:
        now = now if self.clock is None else max(now, self.clock)
        self.clock = now
        self.silence.count_from(now)
        self._fire_timers()

    def _move_clock(self, now: int) -> None:
        if self.clock is None:
            self.clock = now
            self.silence.count_from(now)
        self.clock = max(self.clock, now)

    # The life of alerts

    def _fresh_onset(self, rule: str, subject: str, at: int) -> int:
        if self.latest_onset.get((rule, subject)) == at:
            at += 1
        self.latest_onset[(rule, subject)] = at
        return at

    def _alert(self, block: str, subject: str) -> Alert:
        return self.alerts.setdefault((block, subject), Alert())

    def _reach(self, block: str, subject: str, at: int, severity: str, late: bool = False) -> None:
        rule = block.split("/", maxsplit=1)[0]
        alert = self._alert(block, subject)
        if alert.severity is not None:
            if RANK[severity] <= RANK[alert.severity]:
                return
            kind = "severity"
        elif alert.cleared is not None and at - alert.cleared <= 30 * MIN:
            kind = "reopened"
        else:
            kind = "raised"
            at = alert.onset = self._fresh_onset(rule, subject, at)
        alert.severity, alert.since = severity, at
        assert alert.onset is not None
        self.said.append(Said(rule, subject, alert.onset, kind, severity, at, late, False))

    def _clear(self, block: str, subject: str, at: int, late: bool = False) -> None:
        alert = self._alert(block, subject)
        if alert.severity is None or alert.onset is None:
            return
        rule = block.split("/", maxsplit=1)[0]
        severity, alert.severity, alert.cleared = alert.severity, None, at
        alert.quiet = False
        self.said.append(Said(rule, subject, alert.onset, "cleared", severity, at, late, False))

    def _mark(self, block: str, subject: str, at: int, quiet: bool) -> None:
        """The open alert's data stopped, or is back."""
        alert = self._alert(block, subject)
        if alert.severity is None or alert.onset is None or alert.quiet is quiet:
            return
        alert.quiet = quiet
        rule, kind = block.split("/", maxsplit=1)[0], "stale" if quiet else "fresh"
        self.said.append(Said(rule, subject, alert.onset, kind, alert.severity, at, False, False))

    # Figures, and being away

    def figure(self, rule: str, name: str, elder: str | None) -> float:
        """By override, else by living status and care level, else the default."""
        if elder is not None and (elder, rule, name) in self.overrides:
            return self.overrides[(elder, rule, name)]
        return default_figure(rule, name, None if elder is None else self.elders[elder])

    def micros(self, rule: str, name: str, elder: str | None) -> int | None:
        """A duration; None for never."""
        seconds = self.figure(rule, name, elder)
        return None if seconds == INF else round(seconds * S)

    def is_away(self, elder: str, at: int) -> bool:
        back = self.back.get(elder)
        return any(
            who == elder and start <= at < until and not (back is not None and start <= back <= at)
            for who, start, until in self.away
        )

    def _event(
        self, rule: str, subject: str, at: int, severity: str, late: bool, test: bool = False
    ) -> None:
        at = self._fresh_onset(rule, subject, at)
        self.said.append(Said(rule, subject, at, "raised", severity, at, late, test))

    # Timers in event time

    def _fire_timers(self) -> None:
        if self.clock is None:
            return
        limit = self.clock - LATENESS
        for device in self.devices:
            self._fire_fall(device, limit)
        for elder in self.elders:
            for rule in self.sustained:
                rule.fire(elder, limit)
            self.night.fire(elder, limit)
            self.restless.fire(elder, limit)
            for trend in self.trends.values():
                trend.fire(elder, limit)
            self.inactivity.fire(elder, limit)

    # One reading

    def _judge(self, row: Row, device: Device) -> None:
        clock = self.clock
        history = row.history or (clock is not None and row.ts < clock - 5 * MIN)
        late = clock is not None and row.ts < clock - LATENESS
        live = not (history or row.retained or row.test)
        behind = 0 if clock is None else clock - row.ts
        row = self._first_of_level(row, device, history)
        self._judge_sos(row, device, history, late, behind)
        self._judge_fall(row, device, history, late, behind)
        if not row.test:
            self._judge_states(row, device, live, late)
        source = live and device.bed_source
        if source and not device.own_bed:
            assert device.elder is not None
            until = self.mattress_until.get(device.elder)
            source = until is None or row.ts > until
        if source:
            assert device.elder is not None
            in_bed = self._known_bed(row, device.elder)
            for rule in self.sustained:
                rule.judge(row, device, in_bed)
            if in_bed and row.heart_rate is not None:
                self.trends["heart"].row(device.elder, row.ts, row.heart_rate)
            if in_bed and row.respiratory_rate is not None:
                self.trends["breath"].row(device.elder, row.ts, row.respiratory_rate)
            self._mattress_lives(row, device)
        bed_edge = self._bed_step(row, device, source, late)
        if live:
            self._life_step(row, device, late, bed_edge)

    def _known_bed(self, row: Row, elder: str) -> bool | None:
        """What is known of the bed at the row: said, or carried while it holds."""
        bed = self.bed[elder]
        if row.in_bed is not None or bed.at is None or bed.hold is None:
            return row.in_bed
        return bool(bed.value) if bed.at <= row.ts <= bed.hold else None

    # Presses and falls

    def _near(self, ts: int, moment: int | None) -> bool:
        return moment is not None and abs(ts - moment) < 30 * S

    def _report(self, rule: str, row: Row, *, old: bool, late: bool, behind: int) -> None:
        assert row.device is not None
        memory = self.presses[(rule, row.device)]
        if self._near(row.ts, memory.newest) or self._near(row.ts, memory.older):
            return
        if not old and (memory.newest is None or row.ts > memory.newest):
            memory.newest = row.ts
        else:
            memory.older = row.ts
        severity = "blue" if behind > DAY else "red"
        self._event(rule, f"device:{row.device}", row.ts, severity, late)

    def _test(self, rule: str, row: Row, late: bool) -> None:
        assert row.device is not None
        memory = self.presses[(rule, row.device)]
        if not self._near(row.ts, memory.tested):
            memory.tested = row.ts
            self._event(rule, f"device:{row.device}", row.ts, "blue", late, test=True)

    def _first_of_level(self, row: Row, device: Device, history: bool) -> Row:
        """The row, without an sos that merely repeats."""
        if not row.sos_level or row.sos is None:
            return row
        live, old, tests = (self.held[(lane, device.id)] for lane in ("live", "old", "test"))
        if row.sos == "cancelled":
            if history and not row.retained and not row.test:
                old.release(row.ts)
            elif not row.test:
                live.release(row.ts)
            if not history and not row.retained:
                tests.release(row.ts)
            return row
        if row.test or row.sos == "test":
            repeats = tests.holds(row.ts)
            if not history and not row.retained:
                tests.press(row.ts, device.repeat)
        elif row.retained:
            repeats = live.holds(row.ts)
        elif history:
            repeats = live.holds(row.ts) or old.holds(row.ts)
            old.press(row.ts, device.repeat)
        else:
            repeats = live.holds(row.ts)
            live.press(row.ts, device.repeat)
        return replace(row, sos=None) if repeats else row

    def _judge_sos(self, row: Row, device: Device, history: bool, late: bool, behind: int) -> None:
        if row.sos not in ("pressed", "test"):
            return
        memory = self.presses[("sos", device.id)]
        if row.retained:
            if row.sos != "pressed" or row.test:
                return
            if row.no_time:
                if not self._near(row.ts, memory.checked):
                    memory.checked = row.ts
                    self._event("sos", f"device:{device.id}", row.ts, "blue", True)
                return
            unseen = memory.newest is None or row.ts - memory.newest >= 30 * S
            if unseen and not self._near(row.ts, memory.older):
                memory.newest = row.ts
                severity = "blue" if behind > DAY else "red"
                self._event("sos", f"device:{device.id}", row.ts, severity, True)
        elif row.test or row.sos == "test":
            if not history:
                self._test("sos", row, late)
        else:
            self._report("sos", row, old=history, late=late or history, behind=behind)

    def _judge_fall(self, row: Row, device: Device, history: bool, late: bool, behind: int) -> None:
        if row.fall is None:
            return
        memory, state = self.presses[("fall", device.id)], self.falls[device.id]
        if row.test:
            if not (row.retained or history) and row.fall in ("confirmed", "suspected"):
                self._test("fall", row, late)
            return
        if history and not row.retained:
            event = row.fall_event and row.fall == "confirmed"
            edge = event or memory.told != row.fall
            memory.told = None if event else row.fall
            if edge and row.fall in ("confirmed", "suspected"):
                self._report("fall", row, old=True, late=True, behind=behind)
            return
        if row.retained and row.fall not in ("none", "cleared"):
            return
        if state.at is None or row.ts >= state.at:
            self._fall_in_order(row, device, late, behind)
        elif row.fall == "confirmed":
            in_run = (
                not row.fall_event
                and state.run_from is not None
                and row.ts >= state.run_from
                and (state.run_to is None or row.ts < state.run_to)
            )
            if not in_run:
                self._report("fall", row, old=True, late=late, behind=behind)

    def _fall_in_order(self, row: Row, device: Device, late: bool, behind: int) -> None:
        assert row.fall is not None
        state = self.falls[device.id]
        self._fire_fall(device.id, row.ts)
        event = row.fall_event and row.fall == "confirmed"
        # An event is over as soon as it is said.
        before, state.value, state.at = state.value, "none" if event else row.fall, row.ts
        if row.fall == "confirmed" and (event or before != "confirmed"):
            self._report("fall", row, old=False, late=late, behind=behind)
        if state.value == "confirmed" and before != "confirmed":
            state.run_from, state.run_to = row.ts, None
        if before == "confirmed" and state.value != "confirmed":
            state.run_to = row.ts
        subject = f"device:{device.id}"
        if row.fall == "suspected" and before != "suspected":
            state.suspected, state.due = row.ts, row.ts + 60 * S
            self._reach("fall/suspected", subject, row.ts, "orange", late)
        if row.fall != "suspected" and state.suspected is not None:
            state.suspected = state.due = None
            self._clear("fall/suspected", subject, row.ts, late)

    def _fire_fall(self, id_: str, limit: int) -> None:
        state = self.falls[id_]
        if state.due is not None and state.due <= limit:
            due, state.due = state.due, None
            self._reach("fall/suspected", f"device:{id_}", due, "red")

    # Battery and tamper

    def _judge_states(self, row: Row, device: Device, live: bool, late: bool) -> None:
        if row.battery is not None:
            low = row.battery < self.figure("battery-low", "low", device.elder)
            full = row.battery > self.figure("battery-low", "clear", device.elder)
            self._state("battery-low", row, low, full, "blue", live, late)
        if row.tamper is not None:
            severity = "orange" if device.kind == "sos_button" else "blue"
            self._state("tamper", row, row.tamper, not row.tamper, severity, live, late)

    def _state(
        self, rule: str, row: Row, so: bool, over: bool, severity: str, live: bool, late: bool
    ) -> None:
        assert row.device is not None
        at = self.states.get((rule, row.device))
        if at is not None and row.ts < at:
            return
        self.states[(rule, row.device)] = row.ts
        if so and live:
            self._reach(rule, f"device:{row.device}", row.ts, severity, late)
        elif over:
            self._clear(rule, f"device:{row.device}", row.ts, late)

    def _mattress_lives(self, row: Row, device: Device) -> None:
        if device.own_bed and device.elder is not None:
            until = row.ts + device.limit
            known = self.mattress_until.get(device.elder, until)
            self.mattress_until[device.elder] = max(until, known)

    # Bed and room

    def _bed_step(self, row: Row, device: Device, source: bool, late: bool) -> str:
        """Whether the elder got in, out, or neither."""
        if not source or row.in_bed is None or device.elder is None:
            return ""
        elder, found = device.elder, self.bed[device.elder]
        if found.at is not None and row.ts < found.at:
            return ""
        self.night.fire(elder, row.ts)
        self.bed[elder] = Level(row.in_bed, row.ts, row.ts + device.stale)
        self.night.bed(elder, row.ts, row.in_bed, found, late)
        self.restless.bed(elder, row.ts, row.in_bed, found.value is True, late)
        if found.value is None or found.value is row.in_bed:
            return ""
        return "in" if row.in_bed else "out"

    def seen_until(self, home: str) -> int | None:
        holds = [
            level.hold
            for id_, level in self.presence.items()
            if id_ in self.devices
            and self.devices[id_].room_sensor
            and self.devices[id_].home == home
            and level.value is True
            and level.hold is not None
        ]
        return max(holds, default=None)

    def _life_step(self, row: Row, device: Device, late: bool, bed_edge: str) -> None:
        """What a live row shows of anybody's life: in the room, in bed, at a button."""
        entered, left = self._room_step(row, device)
        pressed = row.sos == "pressed"
        moved = device.own_bed and row.movement is not None and row.movement > 0
        for id_, elder in self.elders.items():
            own = device.elder == id_ or (device.elder is None and device.home == elder.home)
            active = (entered and device.home == elder.home) or (own and (pressed or moved))
            gone = left and device.home == elder.home
            self.night.concern(id_, row.ts, active=active, left=gone, late=late)
        arrived = entered or pressed or moved or bed_edge == "in"
        self.inactivity.judge(row, device, arrived or left or bed_edge == "out", late)
        if arrived:
            self._return(row, device, late)

    def _room_step(self, row: Row, device: Device) -> tuple[bool, bool]:
        entered = left = False
        if device.room_sensor:
            level = self.presence[device.id]
            hold = row.ts + device.limit
            level.hold = hold if level.hold is None else max(level.hold, hold)
            if row.presence is not None and (level.at is None or row.ts >= level.at):
                entered = level.value is False and row.presence
                left = level.value is True and not row.presence
                level.value, level.at = row.presence, row.ts
        return entered, left

    def _return(self, row: Row, device: Device, late: bool) -> None:
        """Being away ends with the first arrival of the elder for whom the device speaks."""
        living = [e.id for e in self.elders.values() if e.home == device.home]
        elder = device.elder or (living[0] if len(living) == 1 else None)
        back = None if elder is None else self.back.get(elder)
        for who, start, until in self.away:
            over = back is not None and start <= back < until
            if who == elder and start <= row.ts < until and not over:
                self.back[who] = row.ts
                self._event("away-ended", f"elder:{who}", row.ts, "blue", late)
                return
