"""The engine: judges committed readings in order, and always gives the same answer.

Alerts are a function of the sequence of readings alone, whatever the batches, ticks, rollbacks
and restarts in between. Every call works on a pending state until `commit`. Nothing here reads a
clock, a database or a network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rules import checkpoint, kinds
from rules.blocks import SilenceBlock
from rules.calm import Calm
from rules.columns import State
from rules.facts import Facts
from rules.frame import Round, clocks, first_of_homes, judged, rounds
from rules.hearing import Hearing, Talk
from rules.kinds.base import Kind, Listener, Setting
from rules.levels import Levels
from rules.lifecycle import Outbox, Teller
from rules.limits import LATENESS
from rules.parameters import Parameters
from rules.parting import forget_strangers, part
from rules.parts import Block
from rules.patience import device_limits, gateway_patience
from rules.rule import Rule
from rules.runners import Runners
from rules.world import World
from schemas.alerts import Change
from schemas.readings import Readings
from schemas.registry import Registry
from schemas.times import NEVER

PIECE = 1 << 17
"""Longer batches are judged in pieces, which fit in the processor's caches."""
MANY = 4_000
"""With more rows left it is worth while to look once more which of them are calm."""


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
        self._runs = Runners(self._state)
        self._levels = Levels(self._facts)
        self._kinds: list[tuple[Rule, Kind]] = []
        self._listeners: list[tuple[Rule, Listener]] = []
        self._tellers: list[Teller] = []
        for rule in self.rules:
            self._add(rule)
        self._runs.add(self._levels)  # last: the kinds make up for time by what the levels say
        self._adopt(registry)

    def _add(self, rule: Rule) -> None:
        subject = kinds.SUBJECTS[rule.alert[0].kind]
        table = next(t for t in self._state.tables if t.name == subject)
        teller = Teller(rule, subject, table=table, outbox=self._outbox)
        self._tellers.append(teller)
        for block in rule.alert:
            prefix = f"{rule.id}/{block.name}"
            setting: Setting[Block] = Setting(
                block, prefix, self._state, self._facts, teller, self._runs.disturb
            )
            if listener := kinds.listener(setting, self._hearing):
                self._listeners.append((rule, listener))
            else:
                kind = kinds.make(setting)
                self._kinds.append((rule, kind))
                if isinstance(kind, Calm):
                    self._runs.add(kind)

    @property
    def clock(self) -> int:
        return int(self._clock.data[0])

    def set_registry(self, registry: Registry) -> None:
        """Follow a changed registry; ValueError while there are changes to commit. The alerts of
        what left it are cleared by the next call."""
        if self._state.pending:
            raise ValueError("commit or roll back before the registry changes")
        self._runs.close_all()
        self._state.journal.commit()
        if part(self._state, self._tellers, self._world.registry, registry, self.clock):
            self._outbox.keep()
            self._forget()
        self._adopt(registry)

    def _adopt(self, registry: Registry) -> None:
        self._world = World(registry)
        self.notes = []
        self._state.device.grow(len(registry.devices.ids))
        self._state.elder.grow(max(1, len(registry.elders.ids)))
        self._state.gateway.grow(len(registry.gateways.ids))
        for teller in self._tellers:
            self._introduce(teller)
        self._follow()
        self._state.journal.commit()

    def _introduce(self, teller: Teller) -> None:
        """Let a teller know its subjects by the present registry."""
        world, registry = self._world, self._world.registry
        match teller.kind:
            case "elder":
                teller.ids = registry.elders.ids.__getitem__
                teller.zone = registry.elders.zone.__getitem__
                teller.fields = world.elder_fields
            case "gateway":
                teller.ids = registry.gateways.ids.__getitem__
                teller.fields = world.gateway_fields
            case _:
                teller.ids = registry.devices.ids.__getitem__
                teller.fields = world.device_fields

    def _follow(self) -> None:
        parameters = {rule.id: Parameters(rule, self._world.registry) for rule in self.rules}
        for one in parameters.values():
            self.notes += one.notes
        self._hear_of(parameters)
        self._facts.away.follow(self._world)
        self._levels.follow(self._world)
        self._runs.follow(self._world)
        for rule, kind in self._kinds:
            kind.follow(self._world, parameters[rule.id])
        for rule, listener in self._listeners:
            listener.follow(self._world, parameters[rule.id])

    def _hear_of(self, parameters: Mapping[str, Parameters]) -> None:
        """Tell the hearing who there is, and how long each may be silent."""
        blocks = ((rule, block) for rule in self.rules for block in rule.alert)
        silence = next(((r, b) for r, b in blocks if isinstance(b, SilenceBlock)), None)
        rule, block = silence if silence is not None else (None, None)
        limit = device_limits(self._world, block, parameters[rule.id] if rule else None)
        patience = gateway_patience(self._world, limit, self._state.gateway.size)
        self._hearing.follow(self._world, self.clock, limit, patience)

    def apply(self, readings: Readings) -> list[Change]:
        for start in range(0, len(readings), PIECE):
            whole = len(readings) <= PIECE
            self._apply(readings if whole else readings.take(slice(start, start + PIECE)))
        return self._outbox.take()

    def _apply(self, readings: Readings) -> None:
        clock = clocks(readings, self.clock)
        self._start(clock)
        self._listen(self._hearing.listen(readings, clock))
        rest = self._runs.split(readings, clock, self._lateness, judged(readings, self._world))
        while len(rest) > MANY:
            left = self._runs.split(readings, clock, self._lateness, rest)
            if 2 * len(left) > len(rest):
                few, left = first_of_homes(readings, self._world, left)
                self._judge_all(readings, clock, few)
            rest = left
        self._judge_all(readings, clock, rest)
        self._move(int(clock[-1]))

    def _judge_all(self, readings: Readings, clock: np.ndarray, use: np.ndarray) -> None:
        for rows in rounds(readings, clock, self._world, lateness=self._lateness, use=use):
            self._judge(rows)

    def _start(self, clock: np.ndarray) -> None:
        """Silence counts from the first clock that was ever seen."""
        if self.clock == NEVER and clock[-1] != NEVER:
            self._count_silence_from(int(clock[np.searchsorted(clock, NEVER, side="right")]))

    def _count_silence_from(self, now: int) -> None:
        self._hearing.floor.put(0, now)
        for _, listener in self._listeners:
            listener.restart()

    def _listen(self, talk: Talk) -> None:
        for _, listener in self._listeners:
            listener.judge(talk)
        self._hearing.adopt(talk)

    def _judge(self, rows: Round) -> None:
        news = self._facts.look(rows, self._world)
        if len(news.lent):
            self._runs.disturb(rows.elder[news.lent])
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
            return self._outbox.take()
        if self.clock == NEVER:
            self._count_silence_from(now)
        self._listen(Talk.nothing(now))
        self._move(now)
        return self._outbox.take()

    def resume(self, now: int) -> list[Change]:
        now = max(now, self.clock)
        self._count_silence_from(now)
        self._move(now)
        return self._outbox.take()

    def commit(self) -> None:
        self._state.journal.commit()
        self._outbox.commit()

    def rollback(self) -> None:
        self._state.journal.rollback()
        self._outbox.rollback()
        self._forget()

    def _forget(self) -> None:
        for _, kind in self._kinds:
            kind.forget()
        for _, listener in self._listeners:
            listener.forget()

    def snapshot(self) -> bytes:
        with self._state.journal.aside():
            self._runs.close_all()
            return checkpoint.dump(self._state, self.rules)

    def restore(self, data: bytes) -> None:
        """Adopt a snapshot, dropping what is pending; see `notes` for rules that start fresh."""
        self.rollback()
        notes = checkpoint.load(data, self._state, self.rules)
        forget_strangers(self._state, self._world.registry)
        self._forget()
        self._adopt(self._world.registry)
        self.notes += notes
