"""A row at a time in plain Python: dictionaries and no arrays."""

from __future__ import annotations

from bench.rules.peers.story import (
    CLEAR,
    HIGH,
    LATENESS,
    LIMITS,
    LOW,
    ORANGE,
    RED,
    STALE,
    WINDOW,
    Moment,
)
from schemas.quantities import Sos
from schemas.readings import Readings

Run = tuple[bool, int, int]
"""Outside or inside, since when, and the last reading."""


def judge(rows: Readings, homes: int) -> list[Moment]:
    runs: dict[int, Run] = {}
    heard: dict[int, int] = {}
    met: dict[int, int] = {}
    pressed: dict[int, int] = {}
    found: list[Moment] = []
    columns = (rows.ts, rows.received, rows.device, rows.in_bed, rows.heart_rate, rows.sos)
    for ts, received, device, in_bed, rate, sos in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        kind, home = divmod(device, homes)
        since = heard.get(device, met.setdefault(home, received))
        if received - since >= LIMITS[kind]:
            found.append(Moment("device-silent", device, since + LIMITS[kind], "blue"))
            found.append(Moment("device-silent", device, received, ""))
        heard[device] = received
        if sos == Sos.PRESSED and ts - pressed.get(device, ts - WINDOW) >= WINDOW:
            pressed[device] = ts
            found.append(Moment("sos", device, ts, "red"))
        if kind:
            continue
        outside = bool(in_bed) and (rate >= HIGH or rate <= LOW)
        run = runs.get(device)
        if run is None:
            runs[device] = (outside, ts, ts)
        elif run[0] != outside or ts - run[2] > STALE:
            found += _ended(device, run, ts)
            runs[device] = (outside, ts, ts)
        else:
            runs[device] = (outside, run[1], ts)
    return found + _rest(runs, heard, met, int(rows.received[-1]))


def _ended(elder: int, run: Run, until: int) -> list[Moment]:
    outside, start, last = run
    end = min(last + STALE, until)
    steps = ((ORANGE, "orange"), (RED, "red")) if outside else ((CLEAR, ""),)
    return [Moment("heart-rate", elder, start + n, s) for n, s in steps if start + n <= end]


def _rest(
    runs: dict[int, Run], heard: dict[int, int], met: dict[int, int], clock: int
) -> list[Moment]:
    """What is due by the end."""
    found = []
    for elder, run in runs.items():
        found += _ended(elder, run, max(clock - LATENESS, run[2]))
    homes = len(met)
    for device in range(3 * homes):
        due = heard.get(device, met[device % homes]) + LIMITS[device // homes]
        if due <= clock:
            found.append(Moment("device-silent", device, due, "blue"))
    return found
