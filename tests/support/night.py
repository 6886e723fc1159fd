"""A night at the stations, for tests: the real store, real changes, and a clock that tests move.

Times are seconds after START. Nothing runs by itself: `to` moves the clock and does whatever the
loops would have done by then, each timer at its own moment: rungs and limits, ends of shifts and
mutes, visits and waiting tasks; and takes in what these bring.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from schemas.alerts import Category, Change, ChangeKind, Sentence, Severity, alert_id
from schemas.directory import Directory
from schemas.times import to_micros
from stations import ladder_in_force, work
from stations.climb import climb_due
from stations.deed import Action, Actor
from stations.intake import take
from stations.ladder import Ladder
from stations.ladder_in_force import InForce
from stations.policy import Policy
from stations.quiet import expire
from stations.shifts import end_due
from stations.visits import open_due
from stations.waiting import raise_waiting
from store import alerts, stations_duty, stations_incident, stations_ladder, stations_pool
from store.connect import connect
from store.directory import import_directory
from store.migrate import migrate
from store.stations_incident import Incident

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""20:00 on a Monday in Shanghai."""
CARE_EVERY = timedelta(hours=1)
"""Between looks at visits and waiting tasks, which turn with the day."""

EAST = Actor("east-1", "east")
WEST = Actor("west-1", "west")
STREET = Actor("street-1", "street")


def prepare(dsn: str, directory: Directory) -> None:
    """Migrate an empty database and import a directory."""
    migrate(dsn)
    with connect(dsn, application="test") as connection:
        import_directory(connection, directory, now=to_micros(START))


def raised(
    rule: str = "sos",
    *,
    home: str | None = "h1",
    gateway: str | None = "g1",
    severity: Severity = Severity.RED,
    category: Category = Category.EMERGENCY,
    at: float = 0,
    **more: Any,
) -> Change:
    """A raised alert; `at`: seconds after START. Its subject is the home, or the gateway."""
    onset = to_micros(START + timedelta(seconds=at))
    return Change(
        kind=ChangeKind.RAISED,
        id=alert_id(rule, f"home:{home}" if home else f"gateway:{gateway}", onset),
        rule=rule,
        category=category,
        severity=severity,
        at=onset,
        onset=onset,
        reason=Sentence(zh="有人求助", en="somebody asked for help"),
        home=home,
        elder=f"e{home[1:]}" if home else None,
        gateway=gateway,
        **more,
    )


def later(change: Change, kind: ChangeKind, at: float, **more: Any) -> Change:
    """What happened to an alert afterwards."""
    values = {name: getattr(change, name) for name in Change.__slots__}
    moment = to_micros(START + timedelta(seconds=at))
    return Change(**{**values, "kind": kind, "at": moment, **more})


@dataclass
class Night:
    """The stations over one database. `ingest` is the other side's connection; `other` is a second
    copy's, which stands by until `swap`."""

    conn: AsyncConnection
    other: AsyncConnection
    ingest: psycopg.Connection
    policy: Policy
    now: datetime = START
    care: datetime = START + CARE_EVERY
    ladder: InForce = field(default_factory=lambda: InForce(0, Ladder()))

    @property
    def second(self) -> float:
        """The clock, in seconds after START."""
        return (self.now - START).total_seconds()

    def swap(self) -> None:
        """From now on the other copy works."""
        self.conn, self.other = self.other, self.conn

    async def comes(self, *changes: Change) -> int:
        """Ingest commits changes, and the stations take them; how many they handled."""
        self.write(*changes)
        return await self.intake()

    def write(self, *changes: Change) -> None:
        alerts.write_changes(self.ingest, changes, raised=to_micros(self.now))

    async def intake(self) -> int:
        handled = 0
        while taken := await take(self.conn, self.now, self.policy):
            handled += taken
        return handled

    async def to(self, second: float) -> None:
        """Move the clock there, firing each timer at its own time."""
        end = START + timedelta(seconds=second)
        due = await self._next_due()
        while due <= end:
            self.now = max(self.now, due)
            await self._fire()
            due = await self._next_due()
            assert due > self.now, "a timer that has been fired is still due"
        self.now = end

    async def _next_due(self) -> datetime:
        ((mute,),) = await self.rows("SELECT min(expires) FROM mute WHERE ended_at IS NULL")
        climb = await stations_incident.next_due(self.conn)
        shift = await stations_duty.next_end(self.conn)
        return min(due for due in (climb, shift, mute, self.care) if due is not None)

    async def _fire(self) -> None:
        while await climb_due(self.conn, self.now, self.policy):
            pass
        while await end_due(self.conn, self.now, self.policy):
            pass
        if await expire(self.conn, self.now):
            await self.intake()
        if self.care <= self.now:
            self.care = self.now + CARE_EVERY
            await open_due(self.conn, self.now, self.policy)
            await raise_waiting(self.conn, self.now, self.policy)

    async def changes_ladder(self, ladder: Ladder | None) -> None:
        """In the console, by an administrator (None: back to the settings'); and the stations'
        next round."""
        said = None if ladder is None else ladder.model_dump(mode="json")
        assert await stations_ladder.add(
            self.conn, after=self.ladder.version, at=self.now, staff=EAST.staff, why="旺季",
            ladder=said,
        )  # fmt: skip
        self.ladder = await ladder_in_force.find(self.conn, self.policy.ladder)
        while await climb_due(self.conn, self.now, self.policy):
            pass

    async def act(self, incident: UUID, action: Action, actor: Actor, **more: Any) -> None:
        await work.act(self.conn, incident, action, actor, self.now, policy=self.policy, **more)

    async def incidents(self) -> list[Incident]:
        """In the order in which they were opened."""
        rows = await self.rows(
            "SELECT incident FROM alert_event WHERE incident IS NOT NULL"
            " GROUP BY incident ORDER BY min(id)"
        )
        async with self.conn.transaction():
            found = [await stations_incident.lock(self.conn, id_) for (id_,) in rows]
        return [incident for incident in found if incident is not None]

    async def incident(self) -> Incident:
        """The only one."""
        (only,) = await self.incidents()
        return only

    async def pages(self) -> list[tuple[float, list[str]]]:
        """Who was paged when, in seconds after START, in order."""
        rows = await self.rows(
            "SELECT at, detail FROM alert_event WHERE kind IN ('paged', 'unrouted') ORDER BY id"
        )
        return [
            (
                (at - START).total_seconds(),
                [p["station"] for p in detail["pages"]] + detail["again"],
            )
            for at, detail in rows
        ]

    async def kinds(self) -> list[str]:
        """What was recorded for incidents and tasks, without the pages."""
        rows = await self.rows(
            "SELECT kind FROM alert_event WHERE kind <> 'paged' "
            "AND (incident IS NOT NULL OR task IS NOT NULL) ORDER BY id"
        )
        return [kind for (kind,) in rows]

    async def cards(self, station: str) -> list[dict[str, Any]]:
        rows = await self.rows(
            "SELECT payload FROM delivery WHERE target = %s ORDER BY id", station
        )
        return [payload for (payload,) in rows]

    async def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        cursor = await self.conn.execute(query.encode(), values)
        return await cursor.fetchall()


@asynccontextmanager
async def night(dsn: str, policy: Policy) -> AsyncIterator[Night]:
    """The stations over a prepared database."""
    with connect(dsn, application="test ingest") as ingest:
        async with (
            await stations_pool.connect(dsn, application="test stations") as conn,
            await stations_pool.connect(dsn, application="test stations too") as other,
        ):
            yield Night(conn, other, ingest, policy)
