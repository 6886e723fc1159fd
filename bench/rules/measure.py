"""All measurements of the rules, one core each; processor time, so that a busy machine counts
for less. Ratios compare what was measured in this run."""

from __future__ import annotations

import gc
from pathlib import Path

from bench.result import Result
from bench.rules import day_replay, simple_rules, whole
from bench.rules.peers import measure as beside_peers

DISTRICT, CITY = 22_000, 1_600_000


def measure(_folder: Path) -> list[Result]:
    results = simple_rules.measure(CITY)
    for homes in (DISTRICT, CITY):
        results += whole.measure(homes)
        gc.collect()
    results += day_replay.measure(DISTRICT)
    return results + beside_peers(DISTRICT)
