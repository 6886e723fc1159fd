"""What tells a live page cheaply that something changed: versions, not contents."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from store.console_sessions import Connection

Tasks = tuple[int, int]
"""How many are open, and a hash over which."""


class Versions(NamedTuple):
    """Of every open incident that reached a station, its revision; and the stations' open tasks."""

    directory: int
    incidents: dict[str, dict[UUID, int]]
    tasks: dict[str, Tasks]


async def versions(conn: Connection, stations: Collection[str]) -> Versions:
    """The versions, and the version of the directory that names and addresses are read from."""
    names = list(stations)
    incidents: dict[str, dict[UUID, int]] = {station: {} for station in names}
    cursor = await conn.execute("SELECT version FROM directory_version")
    directory = (await cursor.fetchone() or (0,))[0]
    cursor = await conn.execute(
        "SELECT s.station, i.id, i.revision FROM incident i"
        " JOIN incident_station s ON s.incident = i.id"
        " WHERE i.state <> 'closed' AND s.station = ANY(%s)",
        (names,),
    )
    async for station, incident, revision in cursor:
        incidents[station][incident] = revision
    cursor = await conn.execute(
        "SELECT t.station, count(*), bit_xor(hashtextextended(concat_ws(' ', t.id, a.cleared), 0))"
        " FROM task t LEFT JOIN alert a ON a.id = t.alert"
        " WHERE t.done_at IS NULL AND t.station = ANY(%s) GROUP BY t.station",
        (names,),
    )
    tasks = {station: (count, digest) async for station, count, digest in cursor}
    return Versions(directory, incidents, tasks)


async def station_names(conn: Connection) -> dict[str, str]:
    """What stations are called, retired ones too."""
    cursor = await conn.execute("SELECT id, name FROM station")
    return {id_: name async for id_, name in cursor}


class Colleague(NamedTuple):
    """Somebody who may take an incident over."""

    id: str
    name: str


async def colleagues(conn: Connection) -> dict[str, list[Colleague]]:
    """By station, everybody who acts there, by name."""
    cursor = await conn.execute(
        "SELECT station, id, name FROM staff WHERE retired_at IS NULL AND role <> 'supervisor'"
        " ORDER BY station, name, id"
    )
    found: dict[str, list[Colleague]] = {}
    async for station, id_, name in cursor:
        found.setdefault(station, []).append(Colleague(id_, name))
    return found
