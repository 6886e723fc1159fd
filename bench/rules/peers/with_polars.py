"""The same with polars, lazily: its optimiser sees each rule as a whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

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
    frame = pl.DataFrame({name: getattr(rows, name) for name in names}).lazy()
    clock = int(rows.received[-1])
    return [
        *_rates(frame.filter(pl.col("device") < homes), clock),
        *_silences(frame, homes, clock),
        *_presses(frame.filter(pl.col("sos") == int(Sos.PRESSED)).collect()),
    ]


def _rates(frame: Any, clock: int) -> list[Moment]:
    rate, ts, device = pl.col("heart_rate"), pl.col("ts"), pl.col("device")
    outside = (pl.col("in_bed") == 1) & ((rate >= HIGH) | (rate <= LOW)) & rate.is_not_nan()
    breaks = (
        (device != device.shift()).fill_null(value=True)
        | (pl.col("outside") != pl.col("outside").shift())
        | (ts - ts.shift() > STALE)
    )
    following = pl.when(device == device.shift(-1)).then(pl.col("start").shift(-1))
    last = pl.max_horizontal(pl.col("last"), pl.lit(clock - LATENESS))
    runs = (
        frame.with_columns(outside=outside)
        .sort("device", "ts", maintain_order=True)
        .with_columns(run=breaks.cum_sum())
        .group_by("run", maintain_order=True)
        .agg(device.first(), pl.col("outside").first(), start=ts.first(), last=ts.last())
        .with_columns(end=pl.min_horizontal(pl.col("last") + STALE, following.fill_null(last)))
        .collect()
    )
    found: list[Moment] = []
    for after, what, side in ((ORANGE, "orange", True), (RED, "red", True), (CLEAR, "", False)):
        at = pl.col("start") + after
        hit = runs.filter((pl.col("outside") == side) & (at <= pl.col("end"))).select("device", at)
        found += (Moment("heart-rate", device, at, what) for device, at in hit.iter_rows())
    return found


def _silences(frame: Any, homes: int, clock: int) -> list[Moment]:
    devices = np.arange(3 * homes, dtype=np.int32)
    ends = pl.DataFrame({"device": devices}).lazy().with_columns(received=pl.lit(clock), end=True)
    heard = frame.select("device", "received").with_columns(end=False)
    device, limits = pl.col("device"), np.repeat(np.array(LIMITS), homes)
    before = pl.when(device == device.shift()).then(pl.col("received").shift())
    limit = pl.DataFrame({"device": devices, "limit": limits}).lazy()
    met = frame.group_by(home=device % homes).agg(met=pl.col("received").min())
    silent = (
        pl.concat([heard, ends])
        .sort("device", "received", "end", maintain_order=True)
        .with_columns(since=before, home=device % homes)
        .join(limit, on="device", how="left", maintain_order="left")
        .join(met, on="home", how="left", maintain_order="left")
        .with_columns(due=pl.coalesce("since", "met") + pl.col("limit"))
        .filter(pl.col("due") <= pl.col("received"))
        .collect()
    )
    back = silent.filter(~pl.col("end")).select("device", "received")
    due = silent.select("device", "due")
    return [
        *(Moment("device-silent", who, at, "blue") for who, at in due.iter_rows()),
        *(Moment("device-silent", who, at, "") for who, at in back.iter_rows()),
    ]


def _presses(frame: Any) -> list[Moment]:
    found, newest = [], dict[int, int]()
    for device, ts in frame.select("device", "ts").iter_rows():
        if ts - newest.get(device, ts - WINDOW) >= WINDOW:
            newest[device] = ts
            found.append(Moment("sos", device, ts, "red"))
    return found
