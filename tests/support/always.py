"""Random nights at the stations: what can happen, and what must hold after each step.

`Play.through` plays one list of steps from an empty board and checks after every step.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from psycopg import AsyncConnection

from schemas.alerts import Category, Change, ChangeKind, Severity
from stations import quiet, shifts, work
from stations.deed import Action, Actor
from stations.intake import take
from stations.ladder import Ladder
from stations.ladder_in_force import InForce
from stations.policy import Coverage, Policy
from stations.refused import Refused
from store import stations_duty
from store.stations_incident import Incident
from tests.support.night import CARE_EVERY, EAST, START, STREET, WEST, Night, later, night, raised

HOMES = ("h1", "h2")  # one in the east, one in the west
STAFF = (EAST, Actor("east-2", "east"), WEST, STREET, Actor("district-1", "district"))
LONGEST = {"red": timedelta(seconds=900), "orange": timedelta(seconds=1800)}
"""The longest that a timer waits: a red to be on site, an orange for its next step."""
_OURS = (
    "incident, alert, alert_change, alert_event, task, delivery, shift, mute, visit, ladder_change"
)
_SHOWN = ("state", "severity", "holder", "test")


@dataclass
class Play:
    """A night with two copies."""

    on: Night
    said: list[Change] = field(default_factory=list)

    async def through(self, steps: Sequence[tuple[Any, ...]], coverage: Coverage) -> None:
        """Somebody at the first home has pressed the button; then the steps."""
        await self._from_the_start(coverage)
        await self._comes(HOMES[0], "sos", Severity.RED, False)
        for name, *what in steps:
            await getattr(self, f"_{name}")(*what)
            await self._check()
        await self._check_limits()
        await self._closes()

    async def _from_the_start(self, coverage: Coverage) -> None:
        self.on.ladder = InForce(0, Ladder())
        await self.on.conn.execute(f"TRUNCATE {_OURS} CASCADE".encode())
        self.on.policy = Policy(coverage=coverage)
        self.on.now, self.on.care = START, START + CARE_EVERY
        self.said.clear()

    # What can happen

    async def _act(self, home: str, deed: tuple[Action, Actor]) -> None:
        await self._try(self.on.conn, home, deed)

    async def _race(self, home: str, one: tuple[Action, Actor], two: tuple[Action, Actor]) -> None:
        """Two people at once, each at another copy."""
        on = self.on
        await asyncio.gather(self._try(on.conn, home, one), self._try(on.other, home, two))

    async def _try(self, conn: AsyncConnection, home: str, deed: tuple[Action, Actor]) -> None:
        action, actor = deed
        to = next(a.staff for a in (*STAFF[1:], *STAFF) if a != actor)
        for incident in await self._open(conn, home):
            with suppress(Refused):
                await work.act(
                    conn, incident, action, actor, self.on.now,
                    policy=self.on.policy, outcome="genuine", reached="seen", to=to,
                )  # fmt: skip

    async def _open(self, conn: AsyncConnection, home: str) -> list[Any]:
        cursor = await conn.execute(
            "SELECT id FROM incident WHERE home = %s AND state <> 'closed'", (home,)
        )
        return [row[0] for row in await cursor.fetchall()]

    async def _passes(self, seconds: int) -> None:
        await self.on.to(self.on.second + seconds)

    async def _comes(self, home: str, rule: str, severity: Severity, test: bool) -> None:
        """Both copies take in what has come, at the same time."""
        category = {"heart-rate": Category.CARE, "device-silent": Category.DEVICE}
        change = raised(
            rule, home=home, gateway=f"g{home[1:]}", at=self.on.second, severity=severity,
            category=category.get(rule, Category.EMERGENCY), test=test,
        )  # fmt: skip
        self.said.append(change)
        await self._told(change)

    async def _becomes(self, which: int, kind: ChangeKind) -> None:
        if self.said:
            change = self.said[which % len(self.said)]
            rank = Severity.RED if kind is ChangeKind.SEVERITY else change.severity
            await self._told(later(change, kind, self.on.second, severity=rank))

    async def _told(self, change: Change) -> None:
        on = self.on
        on.write(change)
        await asyncio.gather(*(take(conn, on.now, on.policy) for conn in (on.conn, on.other)))
        await on.intake()

    async def _confirm(self, actor: Actor) -> None:
        await shifts.confirm(self.on.conn, actor, self.on.now, self.on.policy)

    async def _sign_out(self, actor: Actor) -> None:
        await shifts.sign_out(self.on.conn, actor, self.on.now, self.on.policy)

    async def _leaves(self, home: str) -> None:
        """Whoever has the home's incident in hand signs out."""
        for row in await self.on.incidents():
            for actor in STAFF:
                if row.home == home and row.holder == actor.staff:
                    await self._sign_out(actor)

    async def _seen(self, actor: Actor) -> None:
        await stations_duty.seen(self.on.conn, [actor.staff], self.on.now)

    async def _mute(self, home: str, rule: str) -> None:
        scope, subject = ("home", home) if rule == "care" else ("device", f"r{home[1:]}")
        await quiet.mute(
            self.on.conn, EAST, self.on.now,
            scope=scope, subject=subject, rule=rule, reason="bath",
            until=self.on.now + timedelta(seconds=300),
        )  # fmt: skip

    async def _swap(self) -> None:
        self.on.swap()

    async def _ladder(self, ladder: Ladder | None) -> None:
        """An administrator changes it, or puts it back. No timer is put off by that."""
        stood = {row.id: row.due_at for row in await self.on.incidents()}
        before = len(await self.on.pages())
        await self.on.changes_ladder(ladder)
        paged = await self.on.rows(
            "SELECT incident FROM alert_event WHERE kind = 'paged' ORDER BY id OFFSET %s", before
        )
        for row in await self.on.incidents():
            assert row.state == "closed" or row.ladder == self.on.ladder.version
            if (due := stood[row.id]) is not None and (row.id,) not in paged:
                assert row.due_at is not None
                assert row.due_at <= due

    # What must hold

    async def _check(self) -> None:
        incidents = await self.on.incidents()
        open_ = Counter(i.lane for i in incidents if i.state != "closed")
        assert all(count == 1 for count in open_.values())
        for incident in incidents:
            self._check_incident(incident)
        await self._check_alerts()
        await self._check_cards(incidents)

    def _check_incident(self, row: Incident) -> None:
        if row.state == "closed":
            assert (row.due_at, row.ladder_from) == (None, None)
            return
        assert row.joined
        assert row.holder is None or row.holder_station in {s.station for s in row.joined}
        if row.due_at is not None:
            assert self.on.now < row.due_at <= self.on.now + LONGEST[row.severity]
        if row.severity != Severity.RED:
            return
        in_hand = row.holder is not None and (row.due_at is not None or row.state == "on_site")
        paging = row.ladder_from is not None and row.due_at is not None
        assert paging or in_hand
        if row.ladder_from is not None:
            assert self._asked(row) <= {s.level for s in row.joined}

    def _asked(self, row: Incident) -> set[str]:
        """The levels that the ladder in force wants paged by now."""
        climbed = (self.on.now - (row.ladder_from or self.on.now)).total_seconds()
        rungs = self.on.ladder.ladder.steps(row.severity).rungs
        return {str(rung.level) for rung in rungs if rung.after_s <= climbed}

    async def _check_alerts(self) -> None:
        """Whatever came is an incident's, a task, or on record as kept quiet."""
        lost = await self.on.rows(
            """
            SELECT id FROM alert a
            WHERE NOT EXISTS (SELECT FROM incident_alert i WHERE i.alert = a.id)
                AND NOT EXISTS (SELECT FROM task t WHERE t.alert = a.id)
                AND NOT EXISTS (SELECT FROM mute_alert m WHERE m.alert = a.id)
            """
        )
        assert not lost
        assert await self.on.rows("SELECT count(*) FROM alert_change") == [(0,)]

    async def _check_cards(self, incidents: Sequence[Incident]) -> None:
        """Every desk that an incident has reached was sent how it stands, each revision once."""
        cards = await self.on.rows(
            "SELECT incident, target, payload FROM delivery WHERE channel = 'station_topic'"
            " ORDER BY id"
        )
        revisions = Counter((i, target, card["revision"]) for i, target, card in cards)
        assert all(count == 1 for count in revisions.values())
        last = {(i, target): card for i, target, card in cards}
        alerts = await self.on.rows("SELECT incident, count(*) FROM incident_alert GROUP BY 1")
        for row in incidents:
            for desk in row.joined:
                card = last[row.id, desk.station]
                assert {k: card[k] for k in _SHOWN} == {k: getattr(row, k) for k in _SHOWN}
                assert len(card["alerts"]) == dict(alerts)[row.id]

    async def _check_limits(self) -> None:
        """Each limit that passed paged the holder and a level that was not there; or the top."""
        reached: defaultdict[Any, set[str]] = defaultdict(set)
        missed: dict[Any, str] = {}
        of = dict(await self.on.rows("SELECT id, station FROM staff"))
        for incident, kind, detail in await self.on.rows(
            "SELECT incident, kind, detail FROM alert_event"
            " WHERE kind IN ('deadline', 'paged', 'unrouted') ORDER BY id"
        ):
            if kind == "deadline":
                missed[incident] = of[detail["holder"]]
                continue
            pages = {p["station"] for p in detail["pages"]}
            if (holder := missed.pop(incident, None)) is not None:
                assert holder in pages | set(detail["again"])
                assert pages - reached[incident] or pages & {"district", "city"}
            reached[incident] |= pages | set(detail["again"])
        assert not missed

    async def _closes(self) -> None:
        """Nothing gets stuck: once it pages, whoever answers can end it."""
        await self._passes(5)
        for row in await self.on.incidents():
            if row.state != "closed":
                near = next(a for a in STAFF if a.station in {s.station for s in row.joined})
                holder = next((a for a in STAFF if a.staff == row.holder), near)
                await self.on.act(
                    row.id, Action.CLOSE, holder, outcome="genuine", reached="seen"
                )  # fmt: skip


@asynccontextmanager
async def playing(dsn: str) -> AsyncIterator[Play]:
    """Over a prepared town."""
    async with night(dsn, Policy()) as on:
        await on.conn.execute(
            "INSERT INTO staff (id, name, station, role) VALUES ('east-2', '乙', 'east', 'duty')"
        )
        yield Play(on)
