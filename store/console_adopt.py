"""A device that waits in quarantine gets its place in the registry, or is ignored; each in one
transaction, which a running ingest follows at its next batch."""

from datetime import datetime

from schemas.directory import Device
from store.console_scope import BELOW
from store.console_sessions import Connection

_FITS = f"""
WITH RECURSIVE {BELOW}
SELECT
    EXISTS (SELECT FROM gateway g WHERE g.id = %(gateway)s AND g.retired_at IS NULL
            AND g.area IN (SELECT area FROM below)),
    EXISTS (SELECT FROM home h LEFT JOIN elder e ON e.home = h.id AND e.retired_at IS NULL
            WHERE h.retired_at IS NULL AND h.area IN (SELECT area FROM below)
                AND (h.id = %(home)s OR e.id = %(elder)s)),
    NOT EXISTS (SELECT FROM device d JOIN gateway g ON g.id = d.gateway
                WHERE d.id = %(device)s AND d.retired_at IS NULL
                    AND g.area NOT IN (SELECT area FROM below))
"""  # noqa: S608 (our own text)
_COLUMNS = ("kind", "profile", "gateway", "elder", "home", "location", "interval_s")


async def fits(conn: Connection, station: str, device: Device) -> tuple[bool, bool, bool]:
    """Whether, seen from a station, its gateway, its owner, and the place it had so far (if any)
    all stand under the station's area."""
    cursor = await conn.execute(
        _FITS.encode(),
        {
            "station": station,
            "gateway": device.gateway,
            "home": device.home,
            "elder": device.elder,
            "device": device.id,
        },
    )
    row = await cursor.fetchone()
    return (row[0], row[1], row[2]) if row else (False, False, False)


async def adopt(conn: Connection, device: Device) -> int:
    """Put it into the registry, or move it; how many messages left quarantine. A device that
    returns has its old array row again."""
    await _changed(conn)  # first: importers wait for each other at this row
    values = [_plain(getattr(device, name)) for name in _COLUMNS]
    moved = await conn.execute(
        "UPDATE device SET kind = %s, profile = %s, gateway = %s, elder = %s, home = %s,"
        " location = %s, interval_s = %s, retired_at = NULL WHERE id = %s",
        [*values, device.id],
    )
    if moved.rowcount == 0:
        await conn.execute(
            "INSERT INTO device (kind, profile, gateway, elder, home, location, interval_s, id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [*values, device.id],
        )
    await conn.execute("DELETE FROM ignored_device WHERE device_id = %s", [device.id])
    gone = await conn.execute("DELETE FROM quarantine WHERE device_id = %s", [device.id])
    return gone.rowcount


async def ignore(
    conn: Connection, *, gateway: str, device: str, reason: str, now: datetime
) -> None:
    """From the next batch on its messages are only counted; its emergencies alert all the same."""
    await conn.execute(
        "INSERT INTO ignored_device (gateway_id, device_id, since, reason) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (gateway_id, device_id) DO UPDATE SET reason = excluded.reason",
        [gateway, device, now, reason],
    )
    await _changed(conn)


async def heed(conn: Connection, *, gateway: str, device: str) -> None:
    """No longer ignore it."""
    await conn.execute(
        "DELETE FROM ignored_device WHERE gateway_id = %s AND device_id = %s", [gateway, device]
    )
    await _changed(conn)


async def _changed(conn: Connection) -> None:
    await conn.execute("UPDATE directory_version SET version = version + 1")


def _plain(value: object) -> object:
    return str(value) if isinstance(value, str) else value
