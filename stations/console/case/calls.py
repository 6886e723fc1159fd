"""Whom to call, in order, and what came of each call."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from stations.deed import CallResult
from store.stations_board import BoardIncident
from store.stations_events import Event

AMBULANCE = "120"
RESULTS = tuple(CallResult)


class Callee(NamedTuple):
    """Somebody to call. `key` goes on record for them (an elder's id, or `<elder>:<priority>`);
    `results`: what came of the calls so far, the newest first."""

    key: str
    name: str
    relation: str
    phone: str
    elder: bool
    results: tuple[tuple[datetime, str], ...]


def callees(incident: BoardIncident, events: Iterable[Event]) -> list[Callee]:
    """The concerned elders, then the contacts in calling order; who has no phone is left out."""
    made: dict[str, list[tuple[datetime, str]]] = {}
    for event in events:
        if event.kind == "called" and event.detail.get("contact"):
            result = str(event.detail.get("result") or "")
            made.setdefault(str(event.detail["contact"]), []).insert(0, (event.at, result))

    def some(key: str, name: str, relation: str, phone: str, *, elder: bool = False) -> Callee:
        return Callee(key, name, relation, phone, elder, tuple(made.get(key, ())))

    found = [some(e.id, e.name, "", e.phone, elder=True) for e in incident.elders if e.phone]
    found += [
        some(f"{c.elder}:{c.priority}", c.name, c.relation, c.phone) for c in incident.contacts
    ]
    return found
