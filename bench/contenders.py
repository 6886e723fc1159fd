"""Those who bring messages from the broker into the store: Vigil, and the plain script."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from psycopg import sql

from bench.fleet import generate, said
from bench.generator import Speaker
from schemas.directory import Directory
from store.connect import connect
from tests.support.system import AnyBroker, running_system, until

_PATIENCE = 300.0  # seconds until everything is committed


@dataclass(frozen=True)
class Contender:
    """At work on a broker and a store."""

    name: str
    pid: int
    broker: AnyBroker
    dsn: str
    table: str
    time_column: str
    """Device time as milliseconds since 1970, an expression."""
    folder: Path

    def rate(self, speakers: list[Speaker], count: int) -> float:
        """Readings a second, from the first message sent to the last commit, when the generator
        sends as fast as the broker takes it."""
        readings = count * max(1, len(speakers[0][1]))
        before = self._count()
        with generate(self.broker.port, speakers, count, folder=self.folder) as generating:
            self._await(before + readings)
        return readings / (self._last_commit() - generating.begin)

    def latencies(self, speakers: list[Speaker], *, rate: float, seconds: float) -> Latencies:
        """How long commits took at a rate (messages a second)."""
        count = int(rate * seconds)
        readings = count * max(1, len(speakers[0][1]))
        before = self._count()
        with generate(
            self.broker.port, speakers, count, rate=rate, folder=self.folder
        ) as generating:
            self._await(before + readings)
        return Latencies(*self._latencies(int(1_000 * generating.begin)))

    def _count(self) -> int:
        return int(self._ask("SELECT count(*) FROM {table}"))

    def _await(self, count: int) -> None:
        """Looks seldom: counting costs the store something."""
        began = time.monotonic()
        while (found := self._count()) < count:
            if time.monotonic() - began > _PATIENCE:
                raise TimeoutError(f"{self.name}: {found} of {count} readings after {_PATIENCE} s")
            time.sleep(0.3)

    def _last_commit(self) -> float:
        """Seconds since 1970."""
        return float(self._ask("SELECT max(extract(epoch FROM {commit})) FROM {table}"))

    def _latencies(self, since_ms: int) -> tuple[np.ndarray, np.ndarray]:
        with connect(self.dsn, application="bench") as connection:
            query = self._query(
                "SELECT {time}, 1000 * extract(epoch FROM {commit}) - {time} FROM {table}"
                " WHERE {time} >= %s"
            )
            rows = connection.execute(query, [since_ms]).fetchall()
        found = np.array(rows, dtype=np.float64)
        return found[:, 0], found[:, 1]

    def _ask(self, query: str) -> float:
        with connect(self.dsn, application="bench") as connection:
            row = connection.execute(self._query(query)).fetchone()
        return row[0] if row and row[0] is not None else 0

    def _query(self, text: str) -> sql.Composed:
        return sql.SQL(text).format(
            table=sql.Identifier(self.table),
            time=sql.SQL(self.time_column),
            commit=sql.SQL("pg_xact_commit_timestamp(xmin)"),
        )


@dataclass(frozen=True)
class Latencies:
    """Of each reading: when it was due (ms since 1970), and how long after it was committed."""

    due: np.ndarray
    milliseconds: np.ndarray

    def percentile(self, percent: float) -> float:
        return float(np.percentile(self.milliseconds, percent))

    def at_the_end(self) -> float:
        """The median of the last second: it has grown where a backlog grows."""
        return float(np.median(self.milliseconds[self.due >= self.due.max() - 1_000]))


@contextmanager
def vigil(broker: AnyBroker, dsn: str, directory: Directory, folder: Path) -> Iterator[Contender]:
    """`vigil ingest` with every rule, on a store and a registry of its own."""
    folder.mkdir()
    with running_system(dsn, broker, directory, folder) as system:
        ingest = system.start("ingest")
        until(lambda: system.caught_up() or ingest.poll() is not None)
        if ingest.poll() is not None:
            raise RuntimeError("vigil ingest ended:\n" + system.log("ingest")[-2_000:])
        time_column = "(extract(epoch FROM ts) * 1000)::bigint"
        yield Contender("vigil", ingest.pid, broker, dsn, "reading", time_column, folder)


@contextmanager
def plain_script(broker: AnyBroker, dsn: str, folder: Path) -> Iterator[Contender]:
    folder.mkdir()
    arguments = [sys.executable, "-m", "bench.peers.plain_script", str(broker.port), dsn]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as running:
        try:
            said(running, "ready")
            yield Contender("plain script", running.pid, broker, dsn, "plain", "ts", folder)
        finally:
            running.kill()
