"""Who speaks in a benchmark, and the generator that speaks for them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.generator import Speaker
from schemas import topics
from schemas.directory import Directory
from tests.support.registry import town

BEHIND_ONE = 50
"""Mattresses behind a gateway that sends arrays."""


def singles(directory: Directory) -> list[Speaker]:
    """Every mattress on its own topic."""
    area = {g.id: g.area for g in directory.gateways}
    return [
        (topics.up(area[d.gateway], d.gateway, d.id), [])
        for d in directory.devices
        if d.kind == "mattress"
    ]


def crowded(*, homes: int) -> Directory:
    """A town in which fifty homes share a gateway."""
    directory = town(homes=homes)

    def gateway(number: int) -> str:
        return f"g{(number - 1) // BEHIND_ONE * BEHIND_ONE + 1}"

    devices = tuple(
        d.model_copy(update={"gateway": gateway(int(d.gateway[1:]))}) for d in directory.devices
    )
    return directory.model_copy(update={"devices": devices})


def arrays(directory: Directory) -> list[Speaker]:
    """Every gateway with an array of a reading of each of its mattresses."""
    behind: dict[str, list[str]] = {}
    for device in directory.devices:
        if device.kind == "mattress":
            behind.setdefault(device.gateway, []).append(device.id)
    area = {g.id: g.area for g in directory.gateways}
    return [(topics.up(area[gateway], gateway), devices) for gateway, devices in behind.items()]


class Generating(NamedTuple):
    process: subprocess.Popen[str]
    begin: float
    """time.time at which the first message is sent."""


@contextmanager
def generate(
    port: int, speakers: list[Speaker], count: int, *, folder: Path, rate: float = 0
) -> Iterator[Generating]:
    """A generator that begins now; left when the broker has acknowledged everything."""
    file = folder / "speakers.json"
    file.write_text(json.dumps(speakers))
    arguments = [sys.executable, "-m", "bench.generator", str(port), str(count), str(rate)]
    with subprocess.Popen([*arguments, str(file)], stdout=subprocess.PIPE, text=True) as running:
        try:
            yield Generating(running, float(said(running, "begin")))
            running.wait(600)
        finally:
            running.kill()


def said(running: subprocess.Popen[str], word: str) -> str:
    """Wait for a line that begins with a word; the rest of it."""
    line = running.stdout.readline() if running.stdout is not None else ""
    first, _, rest = line.strip().partition(" ")
    if first != word:
        raise RuntimeError(f"{running.args!r} said {line!r} and not {word!r}")
    return rest
