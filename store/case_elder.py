"""One elder as a worker needs them while something is wrong. Personal data (I10): audited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.console_scope import own_elders
from store.console_sessions import Connection
from store.stations_incident import IncidentAlert
from store.stations_people import BoardContact, contacts_of

_MOST_ALERTS = 100


@dataclass(frozen=True, slots=True)
class ElderHome:
    """`row`: for `store.series`. `zone`: the elder's own or the nearest area's, None where nobody
    says one. `overrides`: (rule, parameter, value)."""

    id: str
    row: int
    name: str
    home: str
    address: str
    door_note: str | None
    living: str
    care_level: int
    birth_year: int | None
    phone: str | None
    doctor_name: str | None
    note: str | None
    tags: list[str]
    zone: str | None
    overrides: list[list[str]]


_ELDER = """
WITH RECURSIVE up (id, parent, zone, height) AS (
    SELECT a.id, a.parent, a.zone, 0 FROM area a
    JOIN home h ON h.area = a.id JOIN elder e ON e.home = h.id WHERE e.id = %(elder)s
    UNION ALL
    SELECT a.id, a.parent, a.zone, u.height + 1 FROM area a JOIN up u ON a.id = u.parent
    WHERE u.height < 32
)
SELECT e.id, e.row, e.name, e.home, h.address, h.door_note, e.living, e.care_level, e.birth_year,
    e.phone, coalesce(d.name, e.doctor) AS doctor_name, e.note, e.tags,
    coalesce(e.zone, (SELECT zone FROM up WHERE zone IS NOT NULL ORDER BY height LIMIT 1)) AS zone,
    coalesce((SELECT array_agg(ARRAY[o.rule, o.parameter, o.value]) FROM override o
              WHERE o.elder = e.id), '{}') AS overrides
FROM elder e JOIN home h ON h.id = e.home LEFT JOIN staff d ON d.id = e.doctor
WHERE e.id = %(elder)s AND e.retired_at IS NULL
"""


async def elder(conn: Connection, elder: str) -> ElderHome | None:
    async with conn.cursor(row_factory=class_row(ElderHome)) as cursor:
        await cursor.execute(_ELDER.encode(), {"elder": elder})
        return await cursor.fetchone()


async def in_scope(conn: Connection, elder: str, station: str) -> bool:
    """Whether a station's workers may see an elder: theirs is the nearest station, or an open
    incident of the home, or one of an unknown place that names the elder, has reached them."""
    if elder in await own_elders(conn, station, [elder]):
        return True
    cursor = await conn.execute(
        """
        SELECT EXISTS (
            SELECT FROM elder e JOIN incident i ON i.home = e.home
            JOIN incident_station j ON j.incident = i.id AND j.station = %(station)s
            WHERE e.id = %(elder)s AND e.retired_at IS NULL AND i.state <> 'closed'
        ) OR EXISTS (
            SELECT FROM incident i
            JOIN incident_station j ON j.incident = i.id AND j.station = %(station)s
            JOIN incident_alert x ON x.incident = i.id JOIN alert a ON a.id = x.alert
            WHERE i.home IS NULL AND i.state <> 'closed'
                AND (a.elder = %(elder)s OR %(elder)s = ANY(a.elders))
        )
        """,
        {"station": station, "elder": elder},
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def open_incident(conn: Connection, home: str, station: str) -> UUID | None:
    """The home's open incident, if it has reached the station."""
    cursor = await conn.execute(
        """
        SELECT i.id FROM incident i JOIN incident_station j
            ON j.incident = i.id AND j.station = %s
        WHERE i.home = %s AND i.state <> 'closed' LIMIT 1
        """,
        (station, home),
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def alerts(
    conn: Connection, elder: str, home: str, *, since: datetime, until: datetime
) -> list[IncidentAlert]:
    """Of the elder or of the whole home, with an onset in [since, until]: the newest 100, oldest
    first. Alerts of others who live there are left out."""
    async with conn.cursor(row_factory=class_row(IncidentAlert)) as cursor:
        await cursor.execute(
            """
            SELECT id, rule, severity, category, elder, elders, device, gateway, onset, raised,
                cleared, late, test, reason
            FROM alert
            WHERE home = %(home)s AND onset >= %(since)s AND onset <= %(until)s
                AND (elder = %(elder)s OR %(elder)s = ANY(elders)
                    OR (elder IS NULL AND elders IS NULL))
            ORDER BY onset DESC, id LIMIT %(most)s
            """,
            {
                "home": home, "elder": elder, "since": since, "until": until,
                "most": _MOST_ALERTS,
            },
        )  # fmt: skip
        return (await cursor.fetchall())[::-1]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Something of an elder or their home that is kept quiet now or later. `kind`: `away`, `mute`
    or `test`; `id` is what ends it: the mute's, the device's, or the elder's."""

    kind: str
    id: str
    scope: str
    subject: str
    rule: str | None
    reason: str | None
    author_name: str | None
    starts: datetime
    until: datetime


_DEVICES = """
(SELECT d.id FROM device d JOIN elder x ON x.id = d.elder WHERE x.home = %(home)s
    UNION SELECT d.id FROM device d WHERE d.home = %(home)s)
"""
_QUIET = f"""
SELECT 'away' AS kind, a.elder AS id, 'elder' AS scope, a.elder AS subject, NULL AS rule, a.reason,
    s.name AS author_name, a.starts, a.until
FROM away a LEFT JOIN staff s ON s.id = a.author
WHERE a.elder = %(elder)s AND a.until > %(now)s
UNION ALL
SELECT 'mute', m.id::text, m.scope, m.subject, m.rule, m.reason, s.name, m.starts, m.expires
FROM mute m JOIN staff s ON s.id = m.author
WHERE m.ended_at IS NULL AND m.expires > %(now)s AND (
    (m.scope = 'elder' AND m.subject = %(elder)s) OR (m.scope = 'home' AND m.subject = %(home)s)
    OR (m.scope = 'device' AND m.subject IN {_DEVICES}))
UNION ALL
SELECT 'test', t.device, 'device', t.device, NULL, t.reason, s.name, t.starts, t.expires
FROM test_mode t JOIN staff s ON s.id = t.author
WHERE t.ended_at IS NULL AND t.expires > %(now)s AND t.device IN {_DEVICES}
ORDER BY until, kind, id
"""  # noqa: S608 (our own text)


async def quiet(conn: Connection, elder: str, home: str, *, now: datetime) -> Sequence[Quiet]:
    """What is in force or set for later, the next to end first."""
    async with conn.cursor(row_factory=class_row(Quiet)) as cursor:
        await cursor.execute(_QUIET.encode(), {"elder": elder, "home": home, "now": now})
        return await cursor.fetchall()


async def device_alerts(conn: Connection, devices: Sequence[str]) -> dict[str, list[str]]:
    """By device id, the rules of its open device alerts."""
    cursor = await conn.execute(
        """
        SELECT device, array_agg(DISTINCT rule ORDER BY rule) FROM alert
        WHERE cleared IS NULL AND category = 'device' AND device = ANY(%s) GROUP BY device
        """,
        (list(devices),),
    )
    return dict(await cursor.fetchall())


async def contacts(conn: Connection, elder: str) -> list[BoardContact]:
    """In calling order."""
    return (await contacts_of(conn, [elder])).get(elder, [])
