"""What an alert block does: what it judges, raises, clears, and minds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rules.explain import of_devices, of_elders
from rules.explain.spoken import Spoken
from rules.rule import Rule

Speaker = Callable[[Rule, Any], Spoken]
"""A rule and its block of the kind."""

SPEAKERS: dict[str, Speaker] = {
    "event": of_devices.event,
    "unresolved": of_devices.unresolved,
    "sustained": of_elders.sustained,
    "absence": of_elders.absence,
    "silence": of_devices.silence,
    "outage": of_devices.outage,
    "unheard": of_devices.unheard,
    "count": of_elders.count,
    "baseline": of_elders.baseline,
    "state": of_devices.state,
    "inactivity": of_elders.inactivity,
    "arrival": of_elders.arrival,
}
"""One a kind; a test sees that none is missing."""
