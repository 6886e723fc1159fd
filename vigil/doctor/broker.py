"""The broker: does it answer, and does it keep what it acknowledges."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from vigil.doctor import queue, rights, traffic
from vigil.doctor.advice import Advice, advice
from vigil.doctor.finding import Finding, Level, bad, ok
from vigil.doctor.probe import ProbeError
from vigil.settings import Settings


class Look(NamedTuple):
    """How to look. `watch`: seconds of traffic; `accounts`: to try gateways' rights."""

    watch: float = 5
    accounts: Path | None = None


def broker(settings: Settings, look: Look) -> Iterator[Finding]:
    """Probes under names and topics of our own: ingest's session and messages are left alone."""
    window = max(settings.ingest.in_flight_window, 2 * settings.ingest.batch_count)
    try:
        told = advice(settings.broker.address, window=window)
    except (ProbeError, OSError) as error:
        yield bad("broker", f"{error}", do="set VIGIL_BROKER__URL, with account and password")
        return
    yield ok("broker", f"answers ({told.broker})")
    yield from _tried("queue", lambda: queue.examine(settings, told))
    yield _disk(told)
    yield from _tried("traffic", lambda: traffic.examine(settings, told, seconds=look.watch))
    yield from _tried("rights", lambda: rights.examine(settings, told, accounts=look.accounts))


def _tried(what: str, examine: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from examine()
    except (ProbeError, OSError) as error:
        yield bad(what, f"could not be looked at: {error}")


def _disk(told: Advice) -> Finding:
    return Finding(
        Level.UNSEEN,
        "persistence",
        "whether it keeps messages on disk shows only when it is restarted",
        "without, a restart loses what ingest had not committed",
        told.persistence,
    )
