"""The two forms of a simulated fleet: its columns, and its messages as ingest decodes them.

The simulator shares no decoder with the devices, so both must have understood the same thing.
"""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from devices.catalogue import Catalogue
from ingest.decode import Decoder
from ingest.lookup import Lookup
from ingest.normalise import normalise
from ingest.reject import RejectBudget
from ingest.source import Mark, Messages
from schemas.quantities import CHOICES, NUMBERS
from schemas.readings import Flag, Readings
from schemas.registry import Registry
from schemas.times import HOUR, SECOND, parse_rfc3339
from simulator.columns import columns
from simulator.faults import ALL, NONE
from simulator.fleet import make_directory
from simulator.household import CANONICAL
from simulator.incidents import Fault, plan
from simulator.live import messages

START = parse_rfc3339("2026-06-01T19:00:00+08:00")
UNTIL = START + 10 * HOUR
SEED = 3
_VALUES = [*(q.name for q in NUMBERS), *(q.name for q in CHOICES)]
_TOLD = Flag.RETAINED | Flag.TEST | Flag.CLOCK_SUSPECT | Flag.ZONE_ASSUMED


@pytest.fixture(scope="module", params=[NONE, ALL], ids=["sound", "faulty"])
def both(request: pytest.FixtureRequest) -> tuple[Any, Readings, Readings]:
    faults: frozenset[Fault] = request.param
    fleet = make_directory(homes=16, seed=SEED)
    run = {"seed": SEED, "start": START, "until": UNTIL}
    planned = plan(fleet, **run, staged=not faults, faults=faults, every=0.9)
    assert len(planned.incidents) > 5
    said = Readings.concat(list(columns(fleet, **run, plan=planned)))
    heard = list(messages(fleet, **run, plan=planned))
    catalogue = Catalogue.load()
    lookup = Lookup(Registry.build(fleet).fitted(catalogue.models()))
    decoder = Decoder(catalogue, lookup, budget=RejectBudget(10**9))
    draft = decoder.decode(
        Messages(
            [m.topic.encode() for m in heard],
            [m.payload for m in heard],
            np.array([m.at for m in heard], np.int64),
            np.zeros(len(heard), np.int64),
            np.array([Mark.RETAIN if m.retain else 0 for m in heard], np.uint8),
            session=0,
        ),
        after=0,
    )
    assert not draft.rejects
    assert not draft.quarantined
    return fleet, said, normalise(draft.said)


def _rows(some: Readings, wanted: set[int]) -> list[tuple[Any, ...]]:
    """One tuple a row of the wanted devices; unknown numbers as None."""
    mine = some.take(np.isin(some.device, list(wanted)))
    numbers = [np.where(np.isnan(v), -999, v) for v in (getattr(mine, n) for n in _VALUES)]
    flags = mine.flags & np.int16(_TOLD)
    parts = [mine.device, mine.ts, mine.received, mine.key, flags, *numbers]
    listed: list[list[Any]] = [np.asarray(p).tolist() for p in parts]
    return sorted(zip(*listed, strict=True))


def test_canonical_devices_say_exactly_their_columns(
    both: tuple[Any, Readings, Readings],
) -> None:
    fleet, said, decoded = both
    canonical = {k for k, d in enumerate(fleet.devices) if d.profile == CANONICAL}
    mine = _rows(said, canonical)
    assert len(mine) > 5000
    assert _rows(decoded, canonical) == mine


def test_vendors_devices_mean_what_their_columns_say(
    both: tuple[Any, Readings, Readings],
) -> None:
    """One press may be several messages, within a moment; they are one row of the columns."""
    fleet, said, decoded = both
    native = [k for k, d in enumerate(fleet.devices) if d.profile != CANONICAL]
    for name in _VALUES:
        mine, theirs = _words(said, name), _words(decoded, name)
        for device in native:
            assert mine[device] == theirs[device], (name, fleet.devices[device].id)


def _words(some: Readings, name: str) -> dict[int, list[tuple[int, float]]]:
    """By device: when (whole seconds received, roughly) something new was said, and what."""
    values = getattr(some, name).astype(np.float64)
    known = np.isnan(values) | (values == -1 if name in {c.name for c in CHOICES} else False)
    made: dict[int, list[tuple[int, float]]] = defaultdict(list)
    last: dict[int, tuple[int, float]] = {}
    for row in (~known).nonzero()[0].tolist():
        device, at, value = int(some.device[row]), int(some.received[row]), float(values[row])
        before = last.get(device)
        if before is None or before[1] != value or at - before[0] > SECOND:
            made[device].append((round(at / (10 * SECOND)), value))
        last[device] = at, value
    return made


def test_gateways_statuses_are_the_same(both: tuple[Any, Readings, Readings]) -> None:
    _, said, decoded = both
    for some in (said, decoded):
        assert some.has(Flag.SIGN_OF_LIFE)[some.online >= 0].all()
    mine, theirs = (
        [(int(s.received[k]), int(s.gateway[k]), int(s.online[k])) for k in rows]
        for s, rows in ((s, (s.online >= 0).nonzero()[0].tolist()) for s in (said, decoded))
    )
    assert mine == theirs
