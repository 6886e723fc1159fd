"""Elders and homes, found by what somebody on the telephone says. Personal data (I10):
whoever shows it audits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from psycopg.rows import class_row

from store.console_scope import BELOW, OWN
from store.console_sessions import Connection

MOST = 50

_FIND = """
WITH RECURSIVE {own}, {below}
SELECT e.id, {person}, e.home, h.area, a.name AS area_name, e.living,
    e.care_level, h.area IN (SELECT area FROM own) AS own,
    array(SELECT d.id FROM device d WHERE d.retired_at IS NULL
          AND (d.elder = e.id OR d.home = e.home) ORDER BY d.kind, d.id) AS devices,
    (SELECT i.id FROM incident i JOIN incident_station j
         ON j.incident = i.id AND j.station = %(station)s
     WHERE i.home = e.home AND i.state <> 'closed' LIMIT 1) AS incident
FROM elder e JOIN home h ON h.id = e.home JOIN area a ON a.id = h.area
WHERE e.retired_at IS NULL AND ({within}) AND ({words})
ORDER BY 2, 1 LIMIT %(most)s
"""
_PERSON = "e.name, h.address, h.door_note, e.birth_year, e.phone"
_NOBODY = "'' AS name, '' AS address, NULL AS door_note, NULL AS birth_year, NULL AS phone"
_REACHED = """
EXISTS (SELECT FROM incident i JOIN incident_station j ON j.incident = i.id
        WHERE i.home = h.id AND i.state <> 'closed' AND j.station = %(station)s)
"""
_BELOW = "h.area IN (SELECT area FROM below)"
_BY_WORDS = """
e.name ILIKE %(part)s OR (' ' || e.initials) LIKE %(initials)s OR h.address ILIKE %(part)s
OR e.id = %(word)s OR h.id = %(word)s
OR e.id IN (SELECT d.elder FROM device d WHERE d.id ILIKE %(start)s AND d.retired_at IS NULL)
OR h.id IN (SELECT d.home FROM device d WHERE d.id ILIKE %(start)s AND d.retired_at IS NULL)
"""
_BY_ID = """
e.id = %(word)s OR h.id = %(word)s
OR e.id IN (SELECT d.elder FROM device d WHERE d.id = %(word)s AND d.retired_at IS NULL)
OR h.id IN (SELECT d.home FROM device d WHERE d.id = %(word)s AND d.retired_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Found:
    """An elder with the home. `own`: the asking station is the nearest; `incident`: the home's open
    one that has reached it."""

    id: str
    name: str
    home: str
    address: str
    door_note: str | None
    area: str
    area_name: str
    living: str
    care_level: int
    birth_year: int | None
    phone: str | None
    own: bool
    devices: list[str]
    incident: UUID | None


async def known(conn: Connection, station: str, word: str) -> list[Found]:
    """By name, pinyin initials, address, device or id: among the elders to whom the station is the
    nearest, and the homes whose open incident has reached it. 50 at most."""
    within = "h.area IN (SELECT area FROM own) OR " + _REACHED  # noqa: S608 (our own)
    query = _find_query(person=_PERSON, within=within, words=_BY_WORDS)
    return await _find(conn, query, station, word)


async def anywhere_below(conn: Connection, station: str, word: str) -> list[Found]:
    """The same among everybody under the station's area: for a stated reason only."""
    query = _find_query(person=_PERSON, within=_BELOW, words=_BY_WORDS)
    return await _find(conn, query, station, word)


async def by_id(conn: Connection, station: str, word: str) -> list[Found]:
    """By an exact id of elder, home or device, everywhere below; names are neither compared
    nor read ("")."""
    query = _find_query(person=_NOBODY, within=_BELOW, words=_BY_ID)
    return await _find(conn, query, station, word)


def _find_query(*, person: str, within: str, words: str) -> str:
    return _FIND.format(own=OWN, below=BELOW, person=person, within=within, words=words)


async def _find(conn: Connection, query: str, station: str, word: str) -> list[Found]:
    plain = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values = {
        "station": station,
        "word": word,
        "part": f"%{plain}%",
        "start": f"{plain}%",
        "initials": f"% {plain.lower()}%",
        "most": MOST,
    }
    async with conn.cursor(row_factory=class_row(Found)) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()


# The initials


class Named(NamedTuple):
    id: str
    name: str


async def without_initials(conn: Connection, *, most: int) -> list[Named]:
    """Elders whose names are new."""
    cursor = await conn.execute(
        "SELECT id, name FROM elder WHERE initials IS NULL AND retired_at IS NULL"
        " ORDER BY id LIMIT %s",
        (most,),
    )
    return [Named(*row) for row in await cursor.fetchall()]


async def put_initials(conn: Connection, named: Sequence[Named], initials: Sequence[str]) -> None:
    """`initials` in the order of `named`; a name that has changed meanwhile keeps none."""
    await conn.execute(
        """
        UPDATE elder e SET initials = n.initials
        FROM unnest(%s::text[], %s::text[], %s::text[]) AS n (id, name, initials)
        WHERE e.id = n.id AND e.name = n.name
        """,
        ([one.id for one in named], [one.name for one in named], list(initials)),
    )
