"""A second rule engine, as plain as can be: one reading at a time, dictionaries, no arrays.

Written from docs/reference/rules.md with the catalogue's default figures; shares no code with
the engine. It is slow on purpose: before every reading it looks at every timer there is.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.support.reference_activity import Inactivity
from tests.support.reference_emergencies import Emergencies
from tests.support.reference_figures import INF, MIN, S, default_figure
from tests.support.reference_night import NightAbsence
from tests.support.reference_nights import Restless, Trend
from tests.support.reference_silence import Silence
from tests.support.reference_sustained import SUSTAINED, SustainedRule
from tests.support.reference_world import LATENESS, RANK, Alert, Device, Elder, Level, Row, Said


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
        self.emergencies = Emergencies(self)
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
        by_id: list[dict[str, Any]] = [
            self.bed,
            self.mattress_until,
            self.presence,
            self.emergencies.falls,
        ]
        by_id += [self.back, self.night.outs, self.restless.tallies, self.inactivity.still]
        by_id += [rule.runs for rule in self.sustained]
        by_id += [trend.adding for trend in self.trends.values()]
        for states in by_id:
            for id_ in gone & states.keys():
                del states[id_]
        by_pair: list[dict[tuple[str, str], Any]] = [
            self.emergencies.presses,
            self.emergencies.held,
            self.states,
        ]
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
            self.emergencies.fire(device, limit)
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
        row = self.emergencies.first_of_level(row, device, history)
        self.emergencies.judge_sos(row, device, history, late, behind)
        self.emergencies.judge_fall(row, device, history, late, behind)
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
