"""Who was promised what: every message by a number of its own, and what became of it.

The number comes back from the store whatever way the message took: as the key of a timed reading,
as the values of an untimed one, as the payload of a reject.
"""

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.system import System

_RATES = 700  # heart rates from 50.0, then respiratory rates from 10.0: none is out of order

_FOUND_WHERE = r"""
SELECT CASE WHEN key >= 0 THEN key
            ELSE heart_rate - 500 + 700 * (respiratory_rate - 100) END AS serial,
       'reading' AS what, received, flags
FROM reading
UNION ALL
SELECT substring(convert_from(payload, 'UTF8') FROM '"(?:broken|seq)": ?(\d+)')::bigint,
       what, received, flags
FROM (SELECT payload, 'reject' AS what, received, flags FROM reject
      UNION ALL SELECT payload, 'quarantine', received, flags FROM quarantine) kept
"""
_FOUND = f"SELECT serial FROM ({_FOUND_WHERE}) found WHERE serial IS NOT NULL"


def untimed(serial: int) -> dict[str, Any]:
    """A reading without time or sequence that is like no other; `serial` below 98,000."""
    return {
        "presence": True,
        "heart_rate": 50 + serial % _RATES / 10,
        "respiratory_rate": 10 + serial // _RATES / 10,
    }


def broken(serial: int) -> bytes:
    """No JSON, and like no other."""
    return b'{"broken":%d' % serial


@dataclass
class Ledger:
    """`sent` and `acknowledged` (by the broker, to the publisher): serial numbers; `alerts`:
    what has to come of them, (rule, device)."""

    sent: set[int] = field(default_factory=set)
    acknowledged: set[int] = field(default_factory=set)
    alerts: Counter[tuple[str, str]] = field(default_factory=Counter)


def missing(running: System, ledger: Ledger) -> set[int]:
    """Acknowledged to the publisher and not in the store (yet)."""
    return ledger.acknowledged - {serial for (serial,) in running.rows(_FOUND)}


def settle(running: System, ledger: Ledger, *, seconds: float = 60) -> None:
    """Wait until everything acknowledged is stored, and then see that all of it is right."""
    end = time.monotonic() + seconds
    while lost := missing(running, ledger):
        assert time.monotonic() < end, f"{len(lost)} not stored, such as {sorted(lost)[:5]}"
        threading.Event().wait(0.05)
    check(running, ledger)


def check(running: System, ledger: Ledger) -> None:
    """Every acknowledged message once, nothing twice, nothing invented; the alerts exactly those
    expected, and the same again when the store's range is replayed."""
    found = Counter(serial for (serial,) in running.rows(_FOUND))
    assert ledger.acknowledged - found.keys() == set()
    doubled = sorted(serial for serial, n in found.items() if n > 1)
    assert doubled == [], of(running, doubled[:5])
    assert found.keys() - ledger.sent == set()
    alerts = running.rows("SELECT rule, device, count(*)::int FROM alert GROUP BY rule, device")
    assert {(rule, device): n for rule, device, n in alerts} == ledger.alerts
    assert live(running) == replayed(running)


def of(running: System, serials: list[int]) -> list[tuple[Any, ...]]:
    """How the store holds some messages: for whoever looks for the reason."""
    return running.rows(
        f"SELECT * FROM ({_FOUND_WHERE}) found WHERE serial = ANY(%s) ORDER BY serial", serials
    )


def live(running: System) -> list[tuple[Any, ...]]:
    """The store's alerts: what a replay must repeat."""
    return running.rows(
        "SELECT replace(id::text, '-', ''), severity, late, cleared IS NULL FROM alert ORDER BY 1"
    )


def replayed(running: System) -> list[tuple[Any, ...]]:
    """The alerts that the store's readings give when they are judged again."""
    out = Path(running.folder) / "replayed.jsonl"
    done = running.run("replay", "--since", "2020-01-01T00:00:00Z", "--out", str(out))
    assert done.returncode == 0, done.stderr
    alerts = map(json.loads, out.read_text().splitlines())
    return sorted((a["id"], a["severity"], a["late"], a["cleared"] is None) for a in alerts)
