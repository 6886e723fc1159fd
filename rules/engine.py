"""The engine: judges committed readings in order, and always gives the same answer.

Alerts are a function of the sequence of readings alone, whatever the batches, ticks, rollbacks
and restarts in between. Every call works on a pending state until `commit`. Nothing here reads a
clock, a database or a network.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rules import checkpoint, kinds
from rules.columns import State
from rules.facts import Facts
from rules.frame import Round, clocks, rounds
from rules.hearing import Hearing, Talk
from rules.kinds.base import Kind, Setting
from rules.kinds.silence import Silence
from rules.lifecycle import Outbox, Teller
from rules.limits import LATENESS
from rules.parameters import Parameters
from rules.rule import Block, Rule, SilenceBlock
from rules.world import World
from schemas.alerts import Change
from schemas.readings import Readings
from schemas.registry import Registry
from schemas.times import NEVER


class Engine:
    """A `schemas.judge.Judge` over the given rules.

    `notes`: what the latest registry or snapshot held that could not be used (an override that
    names nothing, a rule that changed since the snapshot), in words.
    """

    def __init__(
        self, rules: Sequence[Rule], registry: Registry, *, lateness_us: int = LATENESS
    ) -> None:
        self.rules = tuple(rules)
        self.notes: list[str] = []
        self._lateness = lateness_us
        self._outbox = Outbox()
        self._state = State()
        self._clock = self._state.engine.column("clock", np.int64, NEVER)
        self._facts = Facts(self._state)
        self._hearing = Hearing(self._state)
        self._kinds: list[tuple[Rule, Kind]] = []
        self._silences: list[tuple[Rule, Silence]] = []
        self._tellers: list[Teller] = []
        for rule in self.rules:
            self._add(rule)
        self.set_registry(registry)

    def _add(self, rule: Rule) -> None:
        subject = kinds.SUBJECTS[rule.alert[0].kind]
        table = self._state.elder if subject == "elder" else self._state.device
        teller = Teller(rule, subject, table=table, outbox=self._outbox)
        self._tellers.append(teller)
        for block in rule.alert:
            prefix = f"{rule.id}/{block.name}"
            if isinstance(block, SilenceBlock):
                silent = Setting(block, prefix, self._state, self._facts, teller)
                self._silences.append((rule, Silence(silent, self._hearing)))
                continue
            setting: Setting[Block] = Setting(block, prefix, self._state, self._facts, teller)
            self._kinds.append((rule, kinds.make(setting)))

    @property
    def clock(self) -> int:
        return int(self._clock.data[0])

    def set_registry(self, registry: Registry) -> None:
        """Follow a changed registry; ValueError while there are changes to commit."""
        if self._state.pending:
            raise ValueError("commit or roll back before the registry changes")
        self._world = World(registry)
        self.notes = []
        self._state.device.grow(len(registry.devices.ids))
        self._state.elder.grow(max(1, len(registry.elders.ids)))
        self._state.gateway.grow(len(registry.gateways.ids))
        for teller in self._tellers:
            about_elder = teller.kind == "elder"
            teller.ids = (registry.elders if about_elder else registry.devices).ids.__getitem__
            world = self._world
            teller.fields = world.elder_fields if about_elder else world.device_fields
            if about_elder:
                teller.zone = registry.elders.zone.__getitem__
        self._follow()
        self._state.journal.commit()

    def _follow(self) -> None:
        self._hearing.follow(self._world, self.clock)
        self._facts.away.follow(self._world)
        parameters = {rule.id: Parameters(rule, self._world.registry) for rule in self.rules}
        for one in parameters.values():
            self.notes += one.notes
        for rule, kind in self._kinds:
            kind.follow(self._world, parameters[rule.id])
        for rule, silence in self._silences:
            silence.follow(self._world, parameters[rule.id])
        gateways = self._state.gateway.size
        patience = [silence.patience(gateways) for _, silence in self._silences]
        self._patience = np.minimum.reduce(patience) if patience else np.zeros(gateways, np.int64)

    def apply(self, readings: Readings) -> list[Change]:
        if not len(readings):
            return []
        clock = clocks(readings, self.clock)
        self._start(clock)
        self._listen(readings, clock)
        for rows in rounds(readings, clock, self._world, self._lateness):
            self._judge(rows)
        self._move(int(clock[-1]))
        return self._outbox.take()

    def _start(self, clock: np.ndarray) -> None:
        """Silence counts from the first clock that was ever seen."""
        if self.clock == NEVER and clock[-1] != NEVER:
            self._count_silence_from(int(clock[np.searchsorted(clock, NEVER, side="right")]))

    def _count_silence_from(self, now: int) -> None:
        self._hearing.floor.put(0, now)
        for _, silence in self._silences:
            silence.restart()

    def _listen(self, readings: Readings, clock: np.ndarray) -> None:
        talk = self._hearing.listen(readings, clock, self._world, self._patience)
        for _, silence in self._silences:
            silence.judge(talk)

    def _judge(self, rows: Round) -> None:
        news = self._facts.look(rows, self._world)
        for _, kind in self._kinds:
            kind.fire(rows, news)
        self._facts.adopt(rows, news, self._world)
        for _, kind in self._kinds:
            kind.apply(rows, news)

    def _move(self, clock: int) -> None:
        self._clock.put(0, clock)
        for _, kind in self._kinds:
            kind.sweep(clock - self._lateness)

    def advance(self, now: int) -> list[Change]:
        if now <= self.clock:
            return []
        if self.clock == NEVER:
            self._count_silence_from(now)
        nothing = Talk.nothing(now, self._hearing.gateway_heard.data)
        for _, silence in self._silences:
            silence.sweep(nothing)
        self._move(now)
        return self._outbox.take()

    def resume(self, now: int) -> list[Change]:
        now = max(now, self.clock)
        self._count_silence_from(now)
        self._move(now)
        return self._outbox.take()

    def commit(self) -> None:
        self._state.journal.commit()

    def rollback(self) -> None:
        self._state.journal.rollback()
        self._outbox.take()
        self._forget()

    def _forget(self) -> None:
        for _, kind in self._kinds:
            kind.forget()
        for _, silence in self._silences:
            silence.forget()

    def snapshot(self) -> bytes:
        return checkpoint.dump(self._state, self.rules)

    def restore(self, data: bytes) -> None:
        """Adopt a snapshot, dropping what is pending; see `notes` for rules that start fresh."""
        self.rollback()
        notes = checkpoint.load(data, self._state, self.rules)
        self._forget()
        self.set_registry(self._world.registry)
        self.notes += notes
