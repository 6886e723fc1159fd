"""The same with pandas: sorts, shifts and groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

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


def judge(rows: Readings, homes: int) -> list[Moment]:
    names = ("ts", "received", "device", "in_bed", "heart_rate", "sos")
    frame = pd.DataFrame({name: getattr(rows, name) for name in names})
    clock = int(rows.received[-1])
    return [
        *_rates(frame[frame.device < homes], clock),
        *_silences(frame, homes, clock),
        *_presses(frame[frame.sos == Sos.PRESSED]),
    ]


def _rates(frame: Any, clock: int) -> list[Moment]:
    frame = frame.sort_values(["device", "ts"], kind="stable")
    rate = frame.heart_rate
    outside = (frame.in_bed == 1) & ((rate >= HIGH) | (rate <= LOW))
    same = frame.device == frame.device.shift()
    breaks = ~same | (outside != outside.shift()) | (frame.ts - frame.ts.shift() > STALE)
    runs = (
        frame.assign(outside=outside, run=breaks.cumsum())
        .groupby("run", sort=False)
        .agg(
            device=("device", "first"),
            outside=("outside", "first"),
            start=("ts", "first"),
            last=("ts", "last"),
        )
    )
    following = runs.start.shift(-1).where(runs.device == runs.device.shift(-1))
    until = following.fillna(np.maximum(clock - LATENESS, runs["last"])).astype(np.int64)
    runs["end"] = np.minimum(runs["last"] + STALE, until)
    found: list[Moment] = []
    for after, what, side in ((ORANGE, "orange", True), (RED, "red", True), (CLEAR, "", False)):
        hit = runs[(runs.outside == side) & (runs.start + after <= runs.end)]
        pairs = zip(hit.device.tolist(), (hit.start + after).tolist(), strict=True)
        found += (Moment("heart-rate", device, at, what) for device, at in pairs)
    return found


def _silences(frame: Any, homes: int, clock: int) -> list[Moment]:
    devices = np.arange(3 * homes)
    ends = pd.DataFrame({"device": devices, "received": clock, "end": True})
    heard = frame[["device", "received"]].assign(end=False)
    heard = pd.concat([heard, ends]).sort_values(["device", "received", "end"], kind="stable")
    met = frame.groupby(frame.device % homes).received.min()
    first = met.to_numpy()[heard.device % homes]
    since = heard.received.shift().where(heard.device == heard.device.shift(), first)
    due = since.astype(np.int64) + np.array(LIMITS)[heard.device // homes]
    silent = heard.assign(due=due)[due <= heard.received]
    back = silent[~silent.end]
    return [
        *(
            Moment("device-silent", d, at, "blue")
            for d, at in zip(silent.device, silent.due, strict=True)
        ),
        *(
            Moment("device-silent", d, at, "")
            for d, at in zip(back.device, back.received, strict=True)
        ),
    ]


def _presses(frame: Any) -> list[Moment]:
    found, newest = [], dict[int, int]()
    for device, ts in zip(frame.device.tolist(), frame.ts.tolist(), strict=True):
        if ts - newest.get(device, ts - WINDOW) >= WINDOW:
            newest[device] = ts
            found.append(Moment("sos", device, ts, "red"))
    return found
