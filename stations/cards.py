"""An incident as a card on a station's topic: ids, figures, a link; no name or address (I10)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from schemas.alerts import Severity
from schemas.wire import Card
from store.stations_incident import Incident, IncidentAlert, Joined
from store.stations_outbox import Letter

CHANNEL = "station_topic"


def letters(cards: Iterable[dict[str, Any]]) -> list[Letter]:
    """Each card on its station's own topic; red pages first."""
    return [
        Letter(CHANNEL, card["station"], card, urgency=urgency(card["severity"], card["paged"]))
        for card in cards
    ]


def urgency(severity: str, paged: bool) -> int:
    """0 for a red page, which waits behind nothing; else 1."""
    return 0 if paged and severity == Severity.RED else 1


def card(
    row: Incident,
    alerts: Sequence[IncidentAlert],
    station: Joined,
    *,
    paged: bool,
    link: str,
    family_from: datetime | None = None,
) -> dict[str, Any]:
    """A `schemas.wire.Card`; the most severe alert, of these the newest, speaks for the incident.

    Every card of an incident has a revision of its own: receivers tell repetitions by it.
    """
    first = max(alerts, key=lambda a: (Severity(a.severity).rank, a.raised, a.id))
    said = {
        "incident": row.id.hex,
        "revision": row.revision,
        "alerts": [a.id.hex for a in alerts],
        "rule": first.rule,
        "severity": row.severity,
        "category": first.category,
        "home": row.home,
        "elders": concerned(alerts),
        "device": first.device,
        "gateway": first.gateway,
        "station": station.station,
        "level": station.level,
        "state": row.state,
        "onset": first.onset,
        "raised": first.raised,
        "cleared": first.cleared,
        "opened": row.opened_at,
        "reason": first.reason,
        "stored": True,
        "test": row.test,
        "late": first.late,
        "holder": row.holder,
        "paged": paged,
        "due": row.due_at,
        "next_level": row.next_level,
        "family_from": family_from,
        "link": f"{link.rstrip('/')}/incidents/{row.id}" if link else None,
    }
    return Card.model_validate(said).model_dump(mode="json")


def concerned(alerts: Sequence[IncidentAlert]) -> list[str]:
    """Everyone whom the alerts name."""
    return sorted({e for a in alerts for e in [a.elder, *(a.elders or [])] if e is not None})
