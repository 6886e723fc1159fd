"""An alert as a card for every station of its ladder, sent by ingest itself: ids, no names (I10).

`incident` is the alert's own id: the stations side has made no incident of it yet. A receiver
replaces such a card when one of an incident with that alert comes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from schemas import topics
from schemas.alerts import Alert
from schemas.registry import Places, Registry
from schemas.wire import Card
from store.ladders import Ladders, Rung


class Letter(NamedTuple):
    topic: str
    payload: bytes


class Routes:
    """Which stations an alert concerns, kept from when the store could be asked."""

    def __init__(self, registry: Registry, ladders: Ladders) -> None:
        self._registry, self._ladders = registry, ladders

    def ladder(self, home: str | None, gateway: str | None) -> Collection[Rung]:
        """Every station above a home; for what has none its gateway's own station and the top.

        Empty only where the directory holds no station at all.
        """
        if home is not None:
            return self._ladders.of(_area(self._registry.homes, home))
        area = _area(self._registry.gateways, gateway)
        own = self._ladders.above.get(area or "", ())[:1]
        return dict.fromkeys([*own, *self._ladders.top])


def _area(places: Places, id_: str | None) -> str | None:
    row = places.row.get(id_ or "")
    return None if row is None else places.area[row]


def letters(alert: Alert, ladder: Collection[Rung], *, stored: bool) -> Iterator[Letter]:
    """Its cards. `stored`: it is in the store, but no stations copy has taken it; else it goes
    ahead of the store."""
    for rung in ladder:
        card = Card(
            incident=alert.id,
            revision=0,
            alerts=[alert.id],
            rule=alert.rule,
            severity=alert.severity,
            category=alert.category,
            home=alert.home,
            elders=sorted({e for e in (alert.elder, *(alert.elders or ())) if e is not None}),
            device=alert.device,
            gateway=alert.gateway,
            station=rung.station,
            level=rung.level,
            state="open",
            onset=alert.onset,
            raised=alert.raised,
            cleared=alert.cleared,
            opened=alert.raised,
            reason=alert.reason,
            stored=stored,
            test=alert.test,
            late=alert.late,
            holder=None,
            paged=True,
            due=None,
            next_level=None,
            link=None,
            unattended=stored,
        )
        yield Letter(topics.station_alerts(rung.station), card.model_dump_json().encode())
