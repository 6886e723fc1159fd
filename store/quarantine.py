"""Devices that spoke and that the registry does not know there: to be adopted or ignored."""

from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row

from schemas.times import from_micros


class Waiting(NamedTuple):
    """A device in quarantine. `area` and `code` are of its newest message (times: aware UTC)."""

    device: str
    gateway: str
    area: str
    profile: str
    code: str
    reason: str
    messages: int
    first: Any
    last: Any
    ignored: bool


def waiting(connection: psycopg.Connection) -> list[Waiting]:
    """Every device whose messages are in quarantine, the newest first."""
    with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        return cursor.execute(
            """
            SELECT device_id AS device, gateway_id AS gateway,
                   (array_agg(area ORDER BY received DESC))[1] AS area,
                   (array_agg(profile ORDER BY received DESC))[1] AS profile,
                   (array_agg(code ORDER BY received DESC))[1] AS code,
                   (array_agg(quarantine.reason ORDER BY received DESC))[1] AS reason,
                   count(*) AS messages, min(received) AS first, max(received) AS last,
                   bool_or(since IS NOT NULL) AS ignored
            FROM quarantine LEFT JOIN ignored_device USING (gateway_id, device_id)
            WHERE device_id <> ''
            GROUP BY device_id, gateway_id ORDER BY last DESC
            """
        ).fetchall()


def ignored(connection: psycopg.Connection) -> set[tuple[str, str]]:
    """(gateway, device) of what is only counted."""
    query = "SELECT gateway_id, device_id FROM ignored_device"
    return {(gateway, device) for gateway, device in connection.execute(query)}


def ignore(
    connection: psycopg.Connection, *, gateway: str, device: str, reason: str, now: int
) -> None:
    """From the next batch on, only count its messages. Its emergencies alert all the same."""
    with connection.transaction():
        connection.execute(
            """
            INSERT INTO ignored_device (gateway_id, device_id, since, reason)
            VALUES (%s, %s, %s, %s) ON CONFLICT (gateway_id, device_id) DO UPDATE
            SET reason = excluded.reason
            """,
            [gateway, device, from_micros(now), reason],
        )
        _changed(connection)


def settle(connection: psycopg.Connection, *, device: str) -> int:
    """The registry knows it now: nothing of it waits or is ignored any more; messages dropped
    from quarantine."""
    with connection.transaction():
        connection.execute("DELETE FROM ignored_device WHERE device_id = %s", [device])
        gone = connection.execute("DELETE FROM quarantine WHERE device_id = %s", [device])
        _changed(connection)
        return gone.rowcount


def _changed(connection: psycopg.Connection) -> None:
    """A running ingest follows the directory's version."""
    connection.execute("UPDATE directory_version SET version = version + 1")
