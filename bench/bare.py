"""The ceilings: what broker and store pass to somebody who does nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psycopg

from bench.fleet import generate, said
from bench.generator import Speaker
from schemas.readings import Readings
from schemas.times import SECOND
from store import reading_days
from store.connect import connect
from store.reading_rows import COLUMNS, encode

_COPY = f"COPY reading ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)".encode()


def c_subscriber(port: int, speakers: list[Speaker], count: int, folder: Path) -> float | None:
    """Messages a second through `mosquitto_sub -q 1`; None where it is not installed."""
    program = shutil.which("mosquitto_sub")
    if program is None:
        return None
    arguments = [program, "-p", str(port), "-q", "1", "-t", "vigil/#", "-C", str(count)]
    # It cannot say when it has subscribed: the generator takes longer to make its packets.
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL) as subscriber:
        return _rate(port, speakers, count, folder, subscriber)


def python_subscriber(port: int, speakers: list[Speaker], count: int, folder: Path) -> float:
    """Messages a second through a raw socket that answers each PUBLISH and drops it."""
    arguments = [sys.executable, "-m", "bench.subscriber", str(port), str(count)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as subscriber:
        said(subscriber, "ready")
        return _rate(port, speakers, count, folder, subscriber)


def _rate(
    port: int,
    speakers: list[Speaker],
    count: int,
    folder: Path,
    subscriber: subprocess.Popen[str] | subprocess.Popen[bytes],
) -> float:
    try:
        with generate(port, speakers, count, folder=folder) as generating:
            subscriber.wait(300)
            return count / (time.time() - generating.begin)
    finally:
        subscriber.kill()


def copy_rate(dsn: str, *, rows: int, batch: int) -> float:
    """Rows a second of binary COPY alone into the readings table, its key included: buffers made
    beforehand, one connection, a commit a batch."""
    now = time.time_ns() // 1_000
    made = [_readings(now + start * 1_000, batch) for start in range(0, rows, batch)]
    buffers = [b"".join(encode(readings)) for readings in made]
    with connect(dsn, application="bench") as connection:
        with connection.transaction():
            reading_days.prepare(connection, made[-1])
        began = time.perf_counter()
        for buffer in buffers:
            _copy(connection, buffer)
        return rows / (time.perf_counter() - began)


def _copy(connection: psycopg.Connection, buffer: bytes) -> None:
    with connection.transaction(), connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(buffer)


def _readings(start: int, count: int) -> Readings:
    """As mattresses say them: one time for fifty devices."""
    out = Readings.blank(count)
    numbers = np.arange(count)
    out.ts[:] = start + numbers // 50 * 1_000
    out.received[:] = start + SECOND + numbers
    out.device[:] = numbers % 50
    out.key[:] = start // 1_000 + numbers
    out.elder[:] = numbers % 50
    out.gateway[:] = 0
    out.in_bed[:] = 1
    out.heart_rate[:] = 60 + numbers % 20
    out.respiratory_rate[:] = 14.5
    out.movement[:] = numbers % 7
    return out
