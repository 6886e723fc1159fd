"""What a benchmark of the stations puts on them: open incidents, new alerts, and who hears."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice

import psycopg

from schemas.alerts import Category, Change, ChangeKind, Sentence, Severity, alert_id
from store import alerts
from tests.support.system import System

SEATED = 10_000
"""Homes with an open incident from the start: h1 to h10000."""
_EACH = 4  # alerts a transaction, as ingest commits them
_SETTLES_S = 60.0

# Six in ten are oranges that climbed to the end and wait, the others reds with somebody on the
# way; their timers fall evenly into the half hour, or the quarter, to come.
_SEAT = """
CREATE TEMP TABLE seat AS
SELECT n, gen_random_uuid() AS incident, gen_random_uuid() AS alert, n % 10 < 6 AS waits,
    'h' || n AS home, CASE WHEN n % 2 = 1 THEN 'east' ELSE 'west' END AS station,
    now() - INTERVAL '40 minutes' AS began
FROM generate_series(1, %(seated)s) AS n;

INSERT INTO alert SELECT alert, CASE WHEN waits THEN 'heart-rate' ELSE 'fall' END,
    CASE WHEN waits THEN 'orange' ELSE 'red' END, CASE WHEN waits THEN 'care' ELSE 'emergency' END,
    home, 'e' || n, NULL, 'm' || n, 'g' || n, station, began, began, NULL, false, false,
    '{"zh": "心率偏快。", "en": "Heart rate is fast."}', '{}', '[]' FROM seat;

INSERT INTO incident (id, home, lane, severity, opened_at, state, holder, holder_station,
    acknowledged_at, climb, due_at, ladder_from, next_level, revision)
SELECT incident, home, home, CASE WHEN waits THEN 'orange' ELSE 'red' END, began,
    CASE WHEN waits THEN 'open' ELSE 'on_the_way' END,
    CASE WHEN NOT waits THEN station || '-1' END, CASE WHEN NOT waits THEN station END,
    CASE WHEN NOT waits THEN now() END, 3,
    now() + CASE WHEN waits THEN INTERVAL '30 minutes' ELSE INTERVAL '15 minutes' END
        * n / %(seated)s, CASE WHEN waits THEN began END, 'district', 5
FROM seat;

INSERT INTO incident_alert SELECT incident, alert, began FROM seat;
INSERT INTO incident_station SELECT incident, station, 'community', began, 'ladder' FROM seat;
INSERT INTO incident_station SELECT incident, 'street', 'street', began, 'ladder' FROM seat;
INSERT INTO incident_station
SELECT incident, 'district', 'district', began, 'ladder' FROM seat WHERE waits;
"""


class Heard:
    """A subscriber at every station: when each alert was first on a card, and what came twice."""

    def __init__(self) -> None:
        self.beats = 0
        self.twice = 0
        self.unlike = 0
        self._first: dict[str, float] = {}
        self._cards: dict[tuple[str, str, int], bytes] = {}

    def take(self, topic: str, payload: bytes) -> None:
        now = time.perf_counter()
        said = json.loads(payload)
        if not topic.endswith("/alerts"):
            self.beats += bool(said["alive"])
            return
        for alert in said["alerts"]:
            self._first.setdefault(alert, now)
        key = (said["station"], said["incident"], said["revision"])
        before = self._cards.setdefault(key, payload)
        if before is not payload:
            self.twice += 1
            self.unlike += before != payload

    def missing(self, written: Collection[str]) -> list[str]:
        return [alert for alert in written if alert not in self._first]

    def milliseconds(self, written: Mapping[str, float]) -> list[float]:
        """From each commit to the first card with its alert."""
        return [1_000 * (self._first[alert] - at) for alert, at in written.items()]


def seat(connection: psycopg.Connection, count: int = SEATED) -> None:
    """Incidents at homes h1 to h<count>, as if they had been open for a while; the street has
    them all."""
    with connection.transaction():
        connection.execute(_SEAT.replace("%(seated)s", str(count)).encode())
    connection.execute("ANALYZE")


def alerts_of(count: int, *, first: int) -> Iterator[Change]:
    """Half of them presses in homes that were calm, half in homes with an incident: a fall, or a
    heart rate that joins what is open."""
    for n in range(first, first + count):
        group, kind = divmod(n, _EACH)
        if kind < _EACH // 2:
            yield raised("sos", SEATED + 1 + group * 2 + kind, Severity.RED, n)
        elif kind == _EACH // 2:
            yield raised("fall", group * 2 % SEATED + 1, Severity.RED, n)
        else:
            yield raised("respiratory-rate", (group * 2 + 1) % SEATED + 1, Severity.ORANGE, n)


def write(system: System, changes: Iterator[Change], *, rate: float) -> dict[str, float]:
    """Commit them at a rate, some a transaction; alert → time.perf_counter() of its commit."""
    written: dict[str, float] = {}
    with system.sql() as connection:
        began = time.perf_counter()
        for number, batch in enumerate(_batches(changes)):
            time.sleep(max(0, began + number * _EACH / rate - time.perf_counter()))
            alerts.write_changes(connection, batch, raised=time.time_ns() // 1_000)
            written |= dict.fromkeys((c.id for c in batch), time.perf_counter())
    return written


def settled(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold; what does not is the result, not an error."""
    end = time.perf_counter() + _SETTLES_S
    while not holds() and time.perf_counter() < end:
        time.sleep(0.1)
    return holds()


def _batches(changes: Iterator[Change]) -> Iterator[Sequence[Change]]:
    while batch := list(islice(changes, _EACH)):
        yield batch


def raised(rule: str, home: int, severity: Severity, n: int) -> Change:
    """A new alert of home `h<home>`, of now and `n` µs."""
    onset = time.time_ns() // 1_000 + n
    category = Category.EMERGENCY if severity == Severity.RED else Category.CARE
    return Change(
        kind=ChangeKind.RAISED,
        id=alert_id(rule, f"elder:e{home}", onset),
        rule=rule,
        category=category,
        severity=severity,
        at=onset,
        onset=onset,
        reason=Sentence(zh="床头按钮被按下。", en="The bedside button was pressed."),
        home=f"h{home}",
        elder=f"e{home}",
        device=f"b{home}",
        gateway=f"g{home}",
    )
