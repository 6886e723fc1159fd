"""I5: two engines, written apart, say the same of every history, however it is cut up."""

from __future__ import annotations

import os
from collections import defaultdict
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.engine import Engine
from rules.load import load_catalogue
from schemas.alerts import Change, alert_id
from schemas.directory import Directory
from schemas.registry import Registry
from schemas.times import MINUTE, SECOND
from tests.support import random_fleet, random_history
from tests.support.reference_world import Row, Said

RULES = load_catalogue()
EXAMPLES = int(os.environ.get("VIGIL_RULES_EXAMPLES", "40"))

Story = dict[str, list[tuple[str, str, int, bool, bool]]]
"""By alert id what happened to it, in order: kind, severity, at, late, test."""


def story_of_plain(said: list[Said]) -> Story:
    story: Story = defaultdict(list)
    for s in said:
        id_ = alert_id(s.rule, s.subject, s.onset)
        story[id_].append((s.kind, s.severity, s.at, s.late, s.test))
    return story


def story_of(changes: list[Change]) -> Story:
    story: Story = defaultdict(list)
    for c in changes:
        story[c.id].append((c.kind.value, c.severity.value, c.at, c.late, c.test))
    return story


class Driver:
    """Feeds the engine in random batches, with ticks, rollbacks and restarts in between."""

    def __init__(self, random: Random, registry: Registry) -> None:
        self._random = random
        self._registry = self._whole = registry
        self.engine = Engine(RULES, registry)
        self.changes: list[Change] = []
        self._sizes = random.choice(((1, 2, 3, 10, 100, 1000), (1, 1, 2, 3, 5)))

    def feed(self, rows: list[Row]) -> None:
        while rows:
            size = self._random.choice(self._sizes)
            batch, rows = rows[:size], rows[size:]
            self._apply(batch)
            if self._random.random() < 0.2 and not batch[-1].backlog:
                self._tick(batch[-1], rows)
            if self._random.random() < 0.1:
                self._restart()

    def follow(self, directory: Directory) -> None:
        self._registry = random_fleet.registry_within(directory, self._whole)
        self.engine.set_registry(self._registry)

    def _apply(self, batch: list[Row]) -> None:
        readings = random_history.as_readings(batch, self._registry, self._whole)
        if self._random.random() < 0.15:
            self.engine.apply(readings)
            self.engine.rollback()
        self.changes += self.engine.apply(readings)
        self.engine.commit()

    def _tick(self, last: Row, rows: list[Row]) -> None:
        """Any moment up to the next row: a tick must not change what is said."""
        until = rows[0].received if rows else last.received + SECOND
        now = self._random.randint(last.received, until)
        self.changes += self.engine.advance(now)
        self.engine.commit()

    def _restart(self) -> None:
        data = self.engine.snapshot()
        self.engine = Engine(RULES, self._registry)
        self.engine.restore(data)
        assert self.engine.notes == []

    def finish(self, now: int) -> None:
        self.changes += self.engine.advance(now)
        self.engine.commit()


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@given(
    seed=st.integers(0, 2**32),
    length=st.integers(1, 400),
    outage=st.booleans(),
    moves=st.booleans(),
)
def test_both_engines_say_the_same(seed: int, length: int, outage: bool, moves: bool) -> None:
    random = Random(seed)
    directory = random_fleet.make_directory(random)
    registry = random_fleet.registry_of(directory)
    history = random_history.History(random, directory)
    rows = [history.row() for _ in range(length)]
    plain, driver = random_fleet.plain_engine(directory), Driver(random, registry)
    for part, resumed in _cut(random, rows, outage):
        for piece in _pieces(random, part):
            if moves and plain.clock is not None and random.random() < 0.5:
                later = random_fleet.varied(random, directory)
                plain.advance(driver.engine.clock)  # it may have ticked
                plain.set_registry(random_fleet.plain_engine(later))
                driver.follow(later)
            for row in piece:
                plain.apply(row)
            driver.feed(piece)
        if resumed:
            plain.resume(part[-1].received)
            driver.changes += driver.engine.resume(part[-1].received)
            driver.engine.commit()
    end = rows[-1].received + random.choice((0, 10, 20, 200)) * MINUTE
    plain.advance(end)
    driver.finish(end)
    assert story_of(driver.changes) == story_of_plain(plain.said)


def _pieces(random: Random, rows: list[Row]) -> list[list[Row]]:
    """One or a few parts: between them the registry may change."""
    cuts = sorted(random.sample(range(1, len(rows)), min(len(rows) - 1, random.randint(0, 3))))
    return [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]


def _cut(random: Random, rows: list[Row], outage: bool) -> list[tuple[list[Row], bool]]:
    """Perhaps a part in the middle (or at the start) is received while catching up."""
    if not outage:
        return [(rows, False)]
    first, last = sorted((random.randint(0, len(rows)), random.randint(0, len(rows))))
    first = 0 if random.random() < 0.2 else first
    late = [_backlog(row) for row in rows[first:last]]
    parts = [(rows[:first], False), (late, True), (rows[last:], False)]
    return [part for part in parts if part[0]]


def _backlog(row: Row) -> Row:
    return Row(**{**{n: getattr(row, n) for n in row.__dataclass_fields__}, "backlog": True})
