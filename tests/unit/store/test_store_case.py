"""What an incident's and an elder's page ask: scope, zone, alerts, quiet, what was sent."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import pytest

from store import case_elder, case_record, directory, stations_pool
from tests.support.registry import town

T = TypeVar("T")
NOW = datetime(2026, 3, 2, 19, 30, tzinfo=UTC)
ID = UUID("00000000-0000-4000-8000-000000000001")


def ask(dsn: str, what: Callable[[Any], Awaitable[T]]) -> T:
    async def asking() -> T:
        conn = await stations_pool.connect(dsn, application="vigil test")
        async with conn:
            return await what(conn)

    return asyncio.run(asking())


@pytest.fixture
def filled(database: str, connection: psycopg.Connection) -> str:
    """Four homes; e2 lives with e1. An open incident of h1 has reached the street."""
    directory.import_directory(connection, town(homes=4), now=0)
    with connection.transaction():
        connection.execute("UPDATE elder SET home = 'h1' WHERE id = 'e2'")
        connection.execute("UPDATE elder SET zone = 'Asia/Urumqi' WHERE id = 'e3'")
        connection.execute("INSERT INTO override VALUES ('e1', 'heart-rate', 'high', '120')")
        connection.execute(
            "INSERT INTO incident (id, home, lane, severity, opened_at, state)"
            " VALUES (%s, 'h1', 'h1', 'red', %s, 'open')",
            [ID, NOW],
        )
        connection.execute(
            "INSERT INTO incident_station VALUES (%s, 'street', 'street', %s, 'ladder')", [ID, NOW]
        )
    return database


def alert(
    connection: psycopg.Connection,
    number: int,
    *,
    at: datetime,
    cleared: bool = False,
    **columns: Any,
) -> UUID:
    id_ = UUID(int=number)
    given = {
        "id": id_, "rule": "heart-rate", "severity": "orange", "category": "care", "home": "h1",
        "onset": at, "raised": at, "cleared": at if cleared else None, "late": False,
        "test": False, "reason": "{}", "evidence": "{}", "steps": "[]", **columns,
    }  # fmt: skip
    names, marks = ", ".join(given), ", ".join(["%s"] * len(given))
    connection.execute(f"INSERT INTO alert ({names}) VALUES ({marks})".encode(), [*given.values()])
    return id_


def test_an_elder_has_the_zone_of_the_nearest_place_that_says_one(filled: str) -> None:
    async def asking(conn: Any) -> list[case_elder.ElderHome | None]:
        return [await case_elder.elder(conn, id_) for id_ in ("e1", "e3", "nobody")]

    e1, e3, nobody = ask(filled, asking)
    assert e1 is not None
    assert e3 is not None
    assert nobody is None
    assert (e1.zone, e3.zone) == ("Asia/Shanghai", "Asia/Urumqi")  # the city's; the elder's own
    assert (e1.address, e1.overrides) == ("幸福路1号", [["heart-rate", "high", "120"]])


def test_an_elder_is_seen_by_the_nearest_station_and_those_the_home_called(
    filled: str, connection: psycopg.Connection
) -> None:
    def seen(elder: str) -> set[str]:
        async def asking(conn: Any) -> set[str]:
            stations = ("east", "west", "street", "district", "city")
            return {s for s in stations if await case_elder.in_scope(conn, elder, s)}

        return ask(filled, asking)

    assert seen("e1") == seen("e2") == {"east", "street"}
    assert seen("e3") == {"east"}
    assert seen("e4") == {"west"}
    assert seen("nobody") == set()
    named = alert(connection, 7, at=NOW, home=None, elders=["e4"], category="emergency")
    lost = UUID(int=99)
    connection.execute(
        "INSERT INTO incident (id, lane, severity, opened_at) VALUES (%s, 'g9', 'red', %s)",
        [lost, NOW],
    )
    connection.execute(
        "INSERT INTO incident_station VALUES (%s, 'city', 'city', %s, 'no_place')", [lost, NOW]
    )
    connection.execute("INSERT INTO incident_alert VALUES (%s, %s, %s)", [lost, named, NOW])
    connection.commit()
    assert seen("e4") == {"west", "city"}
    connection.execute("UPDATE incident SET state = 'closed'")
    connection.commit()
    assert seen("e1") == {"east"}
    assert ask(filled, lambda conn: case_elder.open_incident(conn, "h1", "street")) is None


def test_alerts_of_the_elder_and_of_the_home_but_not_of_others(
    filled: str, connection: psycopg.Connection
) -> None:
    hour = timedelta(hours=1)
    for number, (hours, elder, elders) in enumerate(
        [(-30, "e1", None), (-5, "e1", None), (-4, "e2", None), (-3, None, None),
         (-2, None, ["e1", "e2"]), (-1, None, ["e2"])], 1
    ):  # fmt: skip
        alert(connection, number, at=NOW + hours * hour, elder=elder, elders=elders)
    alert(connection, 20, at=NOW, device="m1", rule="battery-low", category="device")
    alert(connection, 21, at=NOW, device="m1", rule="tamper", category="device", cleared=True)
    connection.commit()
    found = ask(
        filled,
        lambda conn: case_elder.alerts(conn, "e1", "h1", since=NOW - 24 * hour, until=NOW - hour),
    )
    assert [a.id.int for a in found] == [2, 4, 5]
    wrong = ask(filled, lambda conn: case_elder.device_alerts(conn, ["m1", "b1"]))
    assert wrong == {"m1": ["battery-low"]}


def test_what_is_kept_quiet_is_listed_while_it_lasts(
    filled: str, connection: psycopg.Connection
) -> None:
    until = NOW + timedelta(minutes=20)
    for scope, subject, rule in (
        ("elder", "e1", "care"), ("home", "h1", "no-activity"), ("device", "r1", "fall"),
        ("elder", "e2", "care"), ("elder", "e3", "care"),
    ):  # fmt: skip
        connection.execute(
            "INSERT INTO mute (scope, subject, rule, reason, author, starts, expires)"
            " VALUES (%s, %s, %s, 'x', 'east-1', %s, %s)",
            [scope, subject, rule, NOW, until],
        )
    connection.execute(
        "INSERT INTO test_mode (device, author, reason, starts, expires)"
        " VALUES ('b1', 'east-1', 'x', %s, %s)",
        [NOW, until],
    )
    connection.execute(
        "INSERT INTO away (elder, starts, until) VALUES ('e1', %s, %s)", [NOW, until]
    )
    connection.commit()

    def running(at: datetime) -> list[tuple[str, str]]:
        found = ask(filled, lambda conn: case_elder.quiet(conn, "e1", "h1", now=at))
        return sorted((q.kind, q.subject) for q in found)

    assert running(NOW) == [
        ("away", "e1"), ("mute", "e1"), ("mute", "h1"), ("mute", "r1"), ("test", "b1"),
    ]  # fmt: skip
    assert running(until) == []


def test_what_went_out_or_was_given_up_but_not_what_was_superseded(
    filled: str, connection: psycopg.Connection
) -> None:
    for channel, sent, dead, error in (
        ("station_topic", NOW, None, None), ("sms", NOW, None, None), ("sms", None, NOW, "refused"),
        ("sms", NOW, None, "superseded"), ("sms", None, None, None),
    ):  # fmt: skip
        connection.execute(
            "INSERT INTO delivery (incident, channel, target, payload, created_at, due_at, sent_at,"
            " dead_at, error) VALUES (%s, %s, 'east', '{}', %s, %s, %s, %s, %s)",
            [ID, channel, NOW, NOW, sent, dead, error],
        )
    connection.commit()
    found = ask(filled, lambda conn: case_record.sent(conn, ID))
    assert [(s.channel, s.failed) for s in found] == [("sms", None), ("sms", "refused")]
    names = ask(filled, lambda conn: case_record.staff_names(conn, ["east-1", "gone"]))
    assert names == {"east-1": "east值班"}
