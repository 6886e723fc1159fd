"""The channels of a site: what is queued for them, in which order it goes, what is given up."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from psycopg import AsyncConnection
from pydantic import TypeAdapter, ValidationError

from schemas.alerts import Category, ChangeKind, Severity
from schemas.events import IncidentEvent
from stations.channels.base import Message, SendError, Undeliverable
from stations.channels.settings import Outlet
from stations.deed import Action
from stations.deliver import next_due, send_due
from stations.metrics import Metrics
from stations.policy import Policy
from stations.settings import StationsSettings
from tests.support.night import EAST, Night, later, night, raised

pytestmark = pytest.mark.anyio

ROBOT = {"kind": "wecom", "name": "robot", "url": "http://127.0.0.1/"}
HOOK = {"kind": "webhook", "name": "hook", "url": "http://127.0.0.1/", "secret": "k" * 16}
APPRISE = {"kind": "apprise", "name": "mail", "url": "json://127.0.0.1/"}


def outlets(*settings: dict[str, Any]) -> tuple[Outlet, ...]:
    return TypeAdapter(tuple[Outlet, ...]).validate_python(settings)


async def letters(on: Night, channel: str) -> list[dict[str, Any]]:
    rows = await on.rows("SELECT payload FROM delivery WHERE channel = %s ORDER BY id", channel)
    return [payload for (payload,) in rows]


class Line:
    """A channel that fails with what it is told to, or takes."""

    name = "robot"
    per_minute: int | None = None
    gives_up: timedelta | None = timedelta(seconds=900)

    def __init__(self, error: SendError | None = None) -> None:
        self.error = error
        self.taken: list[Message] = []

    async def ready(self) -> None:
        return

    async def send(self, message: Message) -> None:
        if self.error is not None:
            raise self.error
        self.taken.append(message)


async def go(on: Night, line: Line) -> int:
    async def clock(conn: AsyncConnection) -> Any:
        return on.now

    metrics = Metrics(CollectorRegistry())
    return await send_due(on.conn, line, clock=clock, rng=Random(1), metrics=metrics)


async def test_a_robot_is_sent_the_pages_of_its_stations_and_nothing_else(town_dsn: str) -> None:
    policy = Policy(
        outlets=outlets(ROBOT | {"stations": ["east"]}, APPRISE | {"at_least": "red"}, HOOK)
    )
    async with night(town_dsn, policy) as on:
        wandering = raised(
            "night-absence", home="h2", gateway="g2", at=1,
            severity=Severity.ORANGE, category=Category.CARE,
        )  # fmt: skip
        await on.comes(raised(), wandering)
        await on.to(30)
        incident = (await on.incidents())[0]
        await on.act(incident.id, Action.ACKNOWLEDGE, EAST)
        assert [c["station"] for c in await letters(on, "robot")] == ["east"]
        assert [c["station"] for c in await letters(on, "mail")] == ["east", "street"]
        assert all(c["paged"] for c in await letters(on, "mail"))


async def test_a_webhook_is_told_every_step_with_the_outcome_and_without_what_was_typed(
    town_dsn: str,
) -> None:
    policy = Policy(outlets=outlets(HOOK, HOOK | {"name": "ends", "events": ["close"]}))
    async with night(town_dsn, policy) as on:
        await on.comes(raised())
        incident = await on.incident()
        await on.act(incident.id, Action.ACKNOWLEDGE, EAST)
        await on.act(
            incident.id, Action.CLOSE, EAST,
            outcome="genuine", reached="seen", note="王秀兰 很好",
        )  # fmt: skip
        told = [IncidentEvent.model_validate(e) for e in await letters(on, "hook")]
        assert [e.type.rpartition(".")[2] for e in told] == [
            "opened", "paged", "acknowledge", "close",
        ]  # fmt: skip
        assert len({e.id for e in told}) == len(told)
        assert [e.data.revision for e in told] == sorted(e.data.revision for e in told)
        assert (told[-1].data.outcome, told[-1].data.reached) == ("genuine", "seen")
        (end,) = await letters(on, "ends")
        assert "王秀兰" not in str(end)


async def test_red_pages_overtake_everything_and_a_limit_holds_for_a_minute(town_dsn: str) -> None:
    policy = Policy(outlets=outlets(ROBOT))
    async with night(town_dsn, policy) as on:
        orange = [
            raised("heart-rate", home=f"h{n}", gateway=f"g{n}", at=n,
                   severity=Severity.ORANGE, category=Category.CARE)
            for n in (1, 2)
        ]  # fmt: skip
        await on.comes(*orange)
        await on.comes(raised(home="h3", gateway="g3", at=3))
        line = Line()
        line.per_minute = 2
        assert await go(on, line) == 2
        assert [m.payload["severity"] for m in line.taken] == ["red", "orange"]
        on.now += timedelta(seconds=59)
        assert await go(on, line) == 0
        due = await next_due(on.conn, line, on.now)
        assert due is not None
        assert (due - on.now).total_seconds() == 1
        on.now += timedelta(seconds=1)
        assert await go(on, line) == 1


@pytest.mark.parametrize(
    ("error", "after"), [(Undeliverable("no such group"), 0), (SendError("busy"), 900)]
)
async def test_what_is_given_up_is_on_record_and_one_task_of_its_station(
    town_dsn: str, error: SendError, after: int
) -> None:
    async with night(town_dsn, Policy(outlets=outlets(ROBOT))) as on:
        await on.comes(raised(), raised(at=40))
        await on.comes(later(raised(), ChangeKind.CLEARED, 50))
        on.now += timedelta(seconds=after)
        line = Line(error)
        assert await go(on, line) == 2
        dead = await on.rows("SELECT error FROM delivery WHERE dead_at IS NOT NULL")
        assert dead == [(str(error),)] * 2
        assert await on.rows("SELECT kind, subject, station FROM task") == [
            ("channel_failed", "robot:east", "east")
        ]
        on.now += timedelta(days=1)
        assert await go(on, line) == 0


async def test_a_failed_event_is_kept_though_newer_ones_wait(town_dsn: str) -> None:
    async with night(town_dsn, Policy(outlets=outlets(HOOK))) as on:
        await on.comes(raised())
        line = Line(SendError("busy"))
        line.name = "hook"
        tried = await go(on, line)
        assert tried == 2
        assert await on.rows(
            "SELECT count(*) FROM delivery WHERE channel = 'hook' AND sent_at IS NULL"
        ) == [(2,)]


def test_two_channels_of_one_name_and_built_in_names_are_refused() -> None:
    with pytest.raises(ValidationError, match="name of its own"):
        StationsSettings(channels=outlets(ROBOT, APPRISE | {"name": "robot"}))
    with pytest.raises(ValidationError, match="built in"):
        outlets(ROBOT | {"name": "console"})


def test_secrets_are_shown_nowhere() -> None:
    settings = StationsSettings(channels=outlets(HOOK | {"secret": "sixteen-and-more!"}))
    assert "sixteen-and-more" not in repr(settings) + settings.model_dump_json()
