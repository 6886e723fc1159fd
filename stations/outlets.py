"""What a site's own channels are sent of an incident: pages as text, or its events.

Pure: the letters are queued in the transaction that decided them, like the cards. They hold ids
only; a channel that may name people looks names up when it sends.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.alerts import Severity
from schemas.events import EVENT_TYPE, EventAlert, IncidentData, IncidentEvent
from stations.cards import concerned, urgency
from stations.channels.settings import Outlet, PagingOutlet, WebhookOutlet
from store.stations_events import Event
from store.stations_incident import Incident, IncidentAlert
from store.stations_outbox import Letter

EVERYBODY = "*"
"""The target of a webhook's letters."""


def pages(outlets: Iterable[Outlet], cards: Iterable[dict[str, Any]]) -> list[Letter]:
    """The pages among `cards` (`stations.cards.card`), for each channel that wants them."""
    return [
        Letter(o.name, card["station"], card, urgency=urgency(card["severity"], paged=True))
        for card in cards
        if card["paged"]
        for o in outlets
        if isinstance(o, PagingOutlet) and _wanted(o, card["station"], card["severity"])
    ]


def events(
    outlets: Iterable[Outlet],
    row: Incident,
    alerts: Sequence[IncidentAlert],
    happened: Sequence[Event],
) -> list[Letter]:
    """What happened, for each webhook that wants it; each event is sent, none replaces another."""
    hooks = [o for o in outlets if isinstance(o, WebhookOutlet)]
    if not hooks:
        return []
    made = [(e.kind, _event(row, alerts, e, n)) for n, e in enumerate(happened)]
    return [
        Letter(o.name, EVERYBODY, body, replaceable=False)
        for kind, body in made
        for o in hooks
        if not o.events or kind in o.events
    ]


def _wanted(outlet: PagingOutlet, station: str, severity: str) -> bool:
    here = not outlet.stations or station in outlet.stations
    return here and Severity(severity).rank >= outlet.at_least.rank


def _event(row: Incident, alerts: Sequence[IncidentAlert], event: Event, n: int) -> dict[str, Any]:
    data = IncidentData.model_validate(
        {
            "incident": row.id.hex,
            "revision": row.revision,
            "home": row.home,
            "elders": concerned(alerts),
            "severity": row.severity,
            "state": row.state,
            "test": row.test,
            "opened": row.opened_at,
            "alerts": [EventAlert(id=a.id.hex, rule=a.rule, onset=a.onset) for a in alerts],
            "staff": event.staff,
            "station": event.station,
            "outcome": row.outcome,
            "reached": row.reached,
            "detail": {word: said for word, said in event.detail.items() if word != "note"},
        }
    )
    return IncidentEvent(
        id=f"{row.id.hex}-{row.revision}-{n}",
        type=EVENT_TYPE + event.kind,
        subject=row.id.hex,
        time=event.at,
        data=data,
    ).model_dump(mode="json")
