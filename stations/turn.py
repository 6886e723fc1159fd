"""One transaction of the stations side: what it reads once for many, and writes together.

Rows change in memory, under their locks; nothing is in the store before `write`, which the caller
calls last. What is read through a turn sees what the turn has changed.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection

from stations import ladder_in_force, route
from stations.ladder_in_force import InForce
from stations.policy import Policy
from stations.route import Route
from store import stations_incident
from store.stations_events import Event
from store.stations_incident import Incident, IncidentAlert
from store.stations_writes import Writes

Place = tuple[str | None, str]
"""A home, or None, and the lane, which then names the gateway."""


@dataclass(slots=True)
class Turn:
    """`conn` is in the transaction; `now` is the moment that everything of it happens at."""

    conn: AsyncConnection
    now: datetime
    policy: Policy
    writes: Writes = field(default_factory=Writes)
    _routes: dict[Place, Route] = field(default_factory=dict)
    _alerts: dict[UUID, list[IncidentAlert]] = field(default_factory=dict)
    _ladder: InForce | None = None

    async def ladder(self) -> InForce:
        """The ladder that holds at this moment in every copy of the stations."""
        if self._ladder is None:
            self._ladder = await ladder_in_force.find(self.conn, self.policy.ladder)
        return self._ladder

    async def look_up(self, places: Collection[Place]) -> None:
        """Find the routes of many places at once."""
        missing = {place for place in places if place not in self._routes}
        if missing:
            coverage = self.policy.coverage
            self._routes |= await route.find(self.conn, missing, now=self.now, coverage=coverage)

    async def route(self, home: str | None, lane: str) -> Route:
        await self.look_up([(home, lane)])
        return self._routes[home, lane]

    async def look_into(self, incidents: Collection[UUID]) -> None:
        """Read the alerts of many incidents at once."""
        missing = [id_ for id_ in incidents if id_ not in self._alerts]
        if missing:
            self._alerts |= await stations_incident.alerts(self.conn, missing)

    async def alerts(self, row: Incident) -> list[IncidentAlert]:
        """The incident's alerts, oldest onset first."""
        await self.look_into([row.id])
        return self._alerts[row.id]

    def opens(self, row: Incident) -> None:
        """It is new: it has no alerts yet. `add` and the first page make it whole."""
        self._alerts[row.id] = []

    async def add(self, row: Incident, alert: IncidentAlert) -> bool:
        """Whether the alert is new to the incident."""
        held = await self.alerts(row)
        if any(a.id == alert.id for a in held):
            return False
        held.append(alert)
        held.sort(key=lambda a: (a.onset, a.id))
        self.writes.gained.append((row.id, alert.id, self.now))
        return True

    def record(self, event: Event) -> None:
        self.writes.events.append(event)

    async def write(self) -> None:
        await self.writes.write(self.conn, self.now)
