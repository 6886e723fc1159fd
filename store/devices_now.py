"""Devices as they are now: when each last proved that it works, battery and signal."""

from datetime import datetime
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

Connection = AsyncConnection[TupleRow]

_MOST = 500


class DeviceNow(NamedTuple):
    """`row` is for `store.series`. `elder`: None for a device of the whole home. Times: aware UTC,
    None for never; `heard`: when it last spoke (a retained message proves nothing)."""

    row: int
    id: str
    kind: str
    location: str
    gateway: str
    elder: str | None
    home: str
    interval_s: int
    heard: datetime | None
    pressed: datetime | None
    battery: int | None
    battery_at: datetime | None
    signal: int | None
    signal_at: datetime | None
    in_bed: int | None
    in_bed_at: datetime | None
    tamper: int | None
    tamper_at: datetime | None


_SELECT = """
SELECT d.row, d.id, d.kind, d.location, d.gateway, d.elder, coalesce(d.home, e.home) AS home,
       d.interval_s, s.received AS heard, s.pressed_at AS pressed, s.battery, s.battery_at,
       s.signal, s.signal_at, s.in_bed, s.in_bed_at, s.tamper, s.tamper_at
FROM device d LEFT JOIN elder e ON e.id = d.elder LEFT JOIN device_state s ON s.device = d.row
WHERE d.retired_at IS NULL
"""
_OF_ELDER = f"""{_SELECT}
    AND (d.elder = %(elder)s OR d.home = (SELECT home FROM elder WHERE id = %(elder)s))
ORDER BY d.kind, d.id LIMIT %(most)s
"""  # noqa: S608 (our own words)
_UNDER = f"""
WITH RECURSIVE below (id) AS (
    SELECT %(area)s::text UNION SELECT a.id FROM area a JOIN below b ON a.parent = b.id
), found AS ({_SELECT})
SELECT found.* FROM found JOIN home h ON h.id = found.home JOIN below ON below.id = h.area
WHERE found.id > %(after)s
    AND (%(unheard)s::timestamptz IS NULL OR heard IS NULL OR heard < %(unheard)s)
    AND (%(battery)s::int IS NULL OR battery < %(battery)s)
ORDER BY found.id LIMIT %(most)s
"""  # noqa: S608 (our own words)


async def of_elder(conn: Connection, elder: str) -> list[DeviceNow]:
    """The elder's own devices and those of the home, by kind and id."""
    return await _fetch(conn, _OF_ELDER, {"elder": elder, "most": _MOST})


async def under(
    conn: Connection,
    area: str,
    *,
    after: str = "",
    unheard_since: datetime | None = None,
    battery_below: int | None = None,
) -> list[DeviceNow]:
    """Devices in an area and those below it, by id, 500 at most; `after` the last id for more.

    `unheard_since`: only those that have not spoken since; `battery_below`: only those below (%).
    """
    asked = {"area": area, "after": after, "unheard": unheard_since, "battery": battery_below}
    return await _fetch(conn, _UNDER, {**asked, "most": _MOST})


async def _fetch(conn: Connection, query: str, asked: dict[str, object]) -> list[DeviceNow]:
    async with conn.cursor(row_factory=class_row(DeviceNow)) as cursor:
        await cursor.execute(query.encode(), asked)
        return await cursor.fetchall()
