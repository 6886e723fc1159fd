"""The people of an incident: who lives there, and whom to call. Personal data (I10)."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row


@dataclass(frozen=True, slots=True)
class BoardContact:
    elder: str
    priority: int
    name: str
    relation: str
    phone: str


@dataclass(frozen=True, slots=True)
class BoardElder:
    """`birth_year` None: not known. `concerned`: an alert of the incident names this elder.

    `home` and `address` matter where an incident has no home of its own (an unknown device).
    """

    id: str
    name: str
    home: str
    address: str
    living: str
    care_level: int
    birth_year: int | None
    phone: str | None
    doctor: str | None
    note: str | None
    tags: list[str]
    zone: str | None
    """Theirs, else the one that their area inherits; None: nobody has said."""
    concerned: bool


async def elders_of(
    conn: AsyncConnection,
    homes: Mapping[UUID, str | None],
    named: Mapping[UUID, Collection[str]],
) -> dict[UUID, list[BoardElder]]:
    """By incident: everyone of its home and everyone its alerts name, these first."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """
            SELECT e.id, e.name, e.home, h.address, e.living, e.care_level, e.birth_year, e.phone,
                e.doctor, e.note, e.tags, coalesce(e.zone, (
                    WITH RECURSIVE up AS (
                        SELECT a.zone, a.parent, 0 AS depth FROM area a WHERE a.id = h.area
                        UNION ALL
                        SELECT a.zone, a.parent, up.depth + 1
                        FROM area a JOIN up ON a.id = up.parent
                        WHERE up.depth < 32 AND up.zone IS NULL
                    ) SELECT up.zone FROM up WHERE up.zone IS NOT NULL LIMIT 1)) AS zone
            FROM elder e JOIN home h ON h.id = e.home
            WHERE e.retired_at IS NULL AND (e.home = ANY(%s) OR e.id = ANY(%s)) ORDER BY e.id
            """,
            (
                [home for home in homes.values() if home is not None],
                [elder for elders in named.values() for elder in elders],
            ),
        )
        rows = await cursor.fetchall()
    by_home: dict[str | None, set[str]] = defaultdict(set)
    by_id = {row["id"]: row for row in rows}
    for row in rows:
        by_home[row["home"]].add(row["id"])
    found: dict[UUID, list[BoardElder]] = {}
    for incident, home in homes.items():
        first = named[incident]
        ids = sorted(by_home[home] | (set(first) & by_id.keys()), key=lambda e: (e not in first, e))
        found[incident] = [BoardElder(**by_id[e], concerned=e in first) for e in ids]
    return found


async def contacts_of(
    conn: AsyncConnection, elders: Sequence[str]
) -> dict[str, list[BoardContact]]:
    """By elder, in calling order."""
    found: dict[str, list[BoardContact]] = defaultdict(list)
    async with conn.cursor(row_factory=class_row(BoardContact)) as cursor:
        await cursor.execute(
            """
            SELECT elder, priority, name, relation, phone FROM contact
            WHERE elder = ANY(%s) ORDER BY priority, phone
            """,
            (list(elders),),
        )
        for contact in await cursor.fetchall():
            found[contact.elder].append(contact)
    return found


def in_calling_order(
    elders: Sequence[BoardElder], contacts: Mapping[str, Sequence[BoardContact]]
) -> tuple[BoardContact, ...]:
    """The concerned elders' contacts first, each phone once."""
    by_phone: dict[str, BoardContact] = {}
    for elder in elders:
        for contact in contacts.get(elder.id, ()):
            by_phone.setdefault(contact.phone, contact)
    return tuple(by_phone.values())


async def named(
    conn: AsyncConnection, *, elders: Sequence[str], home: str | None
) -> tuple[list[str], str | None]:
    """The names of `elders`, in their order, and the address of `home`."""
    cursor = await conn.execute(
        """
        SELECT array(SELECT e.name FROM unnest(%s::text[]) WITH ORDINALITY w (id, n)
                     JOIN elder e ON e.id = w.id ORDER BY w.n),
            (SELECT address FROM home WHERE id = %s)
        """,
        (list(elders), home),
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else ([], None)
