"""An incident as a card on a station's topic: ids, figures, a link; no name or address (I10)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from schemas.alerts import Severity
from schemas.times import format_rfc3339, to_micros
from store.stations_incident import Incident, IncidentAlert, Joined
from store.stations_outbox import Letter

CHANNEL = "station_topic"


def letter(
    row: Incident, alerts: Sequence[IncidentAlert], station: Joined, *, paged: bool, link: str
) -> Letter:
    """The card of one station. `paged`: it asks this station for an answer now."""
    return Letter(CHANNEL, station.station, card(row, alerts, station, paged=paged, link=link))


def card(
    row: Incident, alerts: Sequence[IncidentAlert], station: Joined, *, paged: bool, link: str
) -> dict[str, Any]:
    """The incident's newest, most severe alert speaks for it; `alerts` lists all of them."""
    first = max(alerts, key=lambda a: (Severity(a.severity).rank, a.raised, a.id))
    elders = sorted({e for a in alerts for e in [a.elder, *(a.elders or [])] if e is not None})
    return {
        "incident": row.id.hex,
        "revision": row.revision,
        "alerts": [a.id.hex for a in alerts],
        "rule": first.rule,
        "severity": row.severity,
        "category": first.category,
        "home": row.home,
        "elders": elders,
        "device": first.device,
        "gateway": first.gateway,
        "station": station.station,
        "level": station.level,
        "state": row.state,
        "onset": _time(first.onset),
        "raised": _time(first.raised),
        "cleared": _time(first.cleared),
        "opened": _time(row.opened_at),
        "reason": first.reason,
        "stored": True,
        "test": row.test,
        "late": first.late,
        "holder": row.holder,
        "paged": paged,
        "due": _time(row.due_at),
        "next_level": row.next_level,
        "link": f"{link.rstrip('/')}/incidents/{row.id}" if link else None,
    }


def _time(when: datetime | None) -> str | None:
    return None if when is None else format_rfc3339(to_micros(when))
