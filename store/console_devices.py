"""Devices as a desk looks after them: what is wrong with which, who waits in quarantine,
what is being tested. `personal`: names and addresses too, of the station's own people only (I10).
"""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.console_scope import BELOW, OWN
from store.console_sessions import Connection

MOST = 500


@dataclass(frozen=True, slots=True)
class Trouble:
    """An open device alert. `address`, `elder_name`: None where they are not the reader's to see.
    `heard`: when the device last spoke; `battery` in %."""

    rule: str
    severity: str
    device: str | None
    gateway: str | None
    kind: str | None
    location: str | None
    area_name: str
    home: str | None
    elder: str | None
    address: str | None
    elder_name: str | None
    onset: datetime
    reason: dict[str, str]
    heard: datetime | None
    battery: int | None
    signal: int | None
    homes: int


@dataclass(frozen=True, slots=True)
class Stranger:
    """A device in quarantine, as its newest message tells. `area`: the one in its topic."""

    device: str
    gateway: str
    area: str
    area_name: str | None
    profile: str
    code: str
    messages: int
    first: datetime
    last: datetime
    ignored: str | None
    """Why it is ignored; None if it is not."""
    known: bool
    """The registry has it, in another place."""
    gateway_known: bool


@dataclass(frozen=True, slots=True)
class Testing:
    device: str
    reason: str
    author_name: str
    starts: datetime
    expires: datetime


_TROUBLE = f"""
WITH RECURSIVE {BELOW}, {OWN}
SELECT a.rule, a.severity, a.device, coalesce(a.gateway, d.gateway) AS gateway, d.kind, d.location,
    r.name AS area_name, h.id AS home, e.id AS elder,
    CASE WHEN %(personal)s AND r.id IN (SELECT area FROM own) THEN h.address END AS address,
    CASE WHEN %(personal)s AND r.id IN (SELECT area FROM own) THEN e.name END AS elder_name,
    a.onset, a.reason, s.received AS heard, s.battery, s.signal,
    CASE WHEN a.device IS NULL THEN (
        SELECT count(DISTINCT coalesce(x.home, y.home)) FROM device x
        LEFT JOIN elder y ON y.id = x.elder
        WHERE x.gateway = a.gateway AND x.retired_at IS NULL) ELSE 0 END AS homes
FROM alert a
LEFT JOIN device d ON d.id = a.device
LEFT JOIN device_state s ON s.device = d.row
LEFT JOIN gateway g ON g.id = coalesce(a.gateway, d.gateway)
LEFT JOIN home h ON h.id = a.home
LEFT JOIN elder e ON e.id = a.elder AND e.retired_at IS NULL
JOIN area r ON r.id = coalesce(h.area, g.area)
WHERE a.cleared IS NULL AND a.category = 'device' AND r.id IN (SELECT area FROM below)
    AND (%(rule)s::text IS NULL OR a.rule = %(rule)s)
    AND (d.id IS NULL OR d.retired_at IS NULL)
ORDER BY a.onset, a.id LIMIT {MOST}
"""  # noqa: S608 (our own text)


async def trouble(
    conn: Connection, station: str, *, personal: bool, rule: str | None = None
) -> list[Trouble]:
    """What is wrong under a station's area, the longest first, 500 at most; `rule` picks."""
    async with conn.cursor(row_factory=class_row(Trouble)) as cursor:
        await cursor.execute(
            _TROUBLE.encode(), {"station": station, "personal": personal, "rule": rule}
        )
        return await cursor.fetchall()


async def counted(conn: Connection, station: str) -> dict[str, int]:
    """How many open device alerts there are under a station's area, by rule."""
    cursor = await conn.execute(
        f"""
        WITH RECURSIVE {BELOW}
        SELECT a.rule, count(*) FROM alert a
        LEFT JOIN device d ON d.id = a.device
        LEFT JOIN gateway g ON g.id = coalesce(a.gateway, d.gateway)
        LEFT JOIN home h ON h.id = a.home
        WHERE a.cleared IS NULL AND a.category = 'device' AND (d.id IS NULL OR d.retired_at IS NULL)
            AND coalesce(h.area, g.area) IN (SELECT area FROM below)
        GROUP BY a.rule ORDER BY a.rule
        """.encode(),  # noqa: S608 (our own text)
        {"station": station},
    )
    return dict(await cursor.fetchall())


async def strangers(
    conn: Connection, station: str, *, gateway: str | None = None, device: str | None = None
) -> list[Stranger]:
    """Who waits in quarantine under a station's area, by the registry's gateway or, where that is
    not known, by the topic's area; the newest first, 500 at most. `gateway` and `device`: only that
    one."""
    async with conn.cursor(row_factory=class_row(Stranger)) as cursor:
        await cursor.execute(
            f"""
            WITH RECURSIVE {BELOW}, waiting AS (
                SELECT q.device_id, q.gateway_id, count(*) AS messages, min(q.received) AS first,
                    max(q.received) AS last, g.area
                FROM quarantine q LEFT JOIN gateway g
                    ON g.id = q.gateway_id AND g.retired_at IS NULL
                WHERE q.device_id <> '' AND coalesce(g.area, q.area) IN (SELECT area FROM below)
                    AND (%(gateway)s::text IS NULL
                         OR (q.gateway_id, q.device_id) = (%(gateway)s, %(device)s))
                GROUP BY q.device_id, q.gateway_id, g.area
                ORDER BY max(q.received) DESC, q.device_id LIMIT {MOST}
            )
            SELECT w.device_id AS device, w.gateway_id AS gateway, n.area, r.name AS area_name,
                n.profile, n.code, w.messages, w.first, w.last, i.reason AS ignored,
                d.id IS NOT NULL AS known, w.area IS NOT NULL AS gateway_known
            FROM waiting w
            CROSS JOIN LATERAL (
                SELECT q.area, q.profile, q.code FROM quarantine q
                WHERE q.received = w.last AND q.gateway_id = w.gateway_id
                    AND q.device_id = w.device_id LIMIT 1
            ) n
            LEFT JOIN area r ON r.id = coalesce(w.area, n.area)
            LEFT JOIN device d ON d.id = w.device_id AND d.retired_at IS NULL
            LEFT JOIN ignored_device i
                ON i.gateway_id = w.gateway_id AND i.device_id = w.device_id
            ORDER BY w.last DESC, w.device_id
            """.encode(),  # noqa: S608 (our own text)
            {"station": station, "gateway": gateway, "device": device},
        )
        return await cursor.fetchall()


async def testing(conn: Connection, station: str, *, now: datetime) -> list[Testing]:
    """Devices in test mode under a station's area."""
    async with conn.cursor(row_factory=class_row(Testing)) as cursor:
        await cursor.execute(
            f"""
            WITH RECURSIVE {BELOW}
            SELECT t.device, t.reason, s.name AS author_name, t.starts, t.expires
            FROM test_mode t JOIN staff s ON s.id = t.author JOIN device d ON d.id = t.device
            JOIN gateway g ON g.id = d.gateway
            WHERE t.ended_at IS NULL AND t.expires > %(now)s
                AND g.area IN (SELECT area FROM below)
            ORDER BY t.expires, t.device
            """.encode(),  # noqa: S608 (our own text)
            {"station": station, "now": now},
        )
        return await cursor.fetchall()


async def below(conn: Connection, station: str, device: str) -> bool:
    """Whether a device of the registry stands under a station's area."""
    cursor = await conn.execute(
        f"""
        WITH RECURSIVE {BELOW}
        SELECT EXISTS (SELECT FROM device d JOIN gateway g ON g.id = d.gateway
            WHERE d.id = %(device)s AND d.retired_at IS NULL AND g.area IN (SELECT area FROM below))
        """.encode(),  # noqa: S608 (our own text)
        {"station": station, "device": device},
    )
    row = await cursor.fetchone()
    return bool(row and row[0])
