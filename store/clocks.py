"""What devices claimed the time was, where they could not be believed."""

import numpy as np
import psycopg

from schemas.readings import Flag, Int64, Readings
from schemas.times import from_micros


def write_claims(connection: psycopg.Connection, readings: Readings, claimed: Int64) -> None:
    """Keep the claims of rows flagged CLOCK_SUSPECT. `claimed`: what each row's device said, µs."""
    rows = [
        {
            "received": from_micros(readings.received[i]),
            "device": int(readings.device[i]),
            "claimed": int(claimed[i]),
        }
        for i in np.flatnonzero(readings.has(Flag.CLOCK_SUSPECT)).tolist()
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(
                """
                INSERT INTO device_clock (received, device, claimed_us)
                VALUES (%(received)s, %(device)s, %(claimed)s) ON CONFLICT DO NOTHING
                """,
                rows,
            )


def suspects(connection: psycopg.Connection, *, since: int) -> list[tuple[str, int, float]]:
    """Devices whose clock could not be believed since a time (µs UTC): id, readings, and by how
    many seconds the latest claim was ahead (+) or behind (−)."""
    return [
        (device, count, float(ahead))
        for device, count, ahead in connection.execute(
            """
            SELECT d.id, count(*),
                   (array_agg(claimed_us / 1e6 - extract(epoch FROM received)
                              ORDER BY received DESC))[1]
            FROM device_clock JOIN device d ON d.row = device_clock.device
            WHERE received >= %s GROUP BY d.id ORDER BY d.id
            """,
            [from_micros(since)],
        )
    ]
