"""What could not be used, and what gateways said of themselves: kept, never in the way (I3).

Any bytes can be stored. Writing the same thing with the same `received` again changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, LiteralString, NamedTuple

import numpy as np
import psycopg

from schemas.readings import Flag, Readings
from schemas.times import from_micros
from store.text import clean

PAYLOAD_LIMIT = 64 * 1024
"""Bytes of a payload that are kept; `size` says how many there were."""
_REASON_LIMIT = 2000  # characters


class Reject(NamedTuple):
    """A message that could not be used. `received`: µs UTC; `size`: bytes of the whole payload;
    `device` and `gateway`: directory rows, -1 where unknown; `flags`: of `Flag`."""

    received: int
    topic: str
    payload: bytes
    size: int
    code: str
    reason: str
    gateway_id: str
    device: int
    gateway: int
    flags: int


class Quarantined(NamedTuple):
    """A readable message of a device that is unknown, or known elsewhere."""

    received: int
    topic: str
    payload: bytes
    area: str
    gateway_id: str
    device_id: str
    code: str
    reason: str
    flags: int
    profile: str = ""


def write_rejects(connection: psycopg.Connection, rejects: Iterable[Reject]) -> None:
    rows = [
        {
            **reject._asdict(),
            **_message(reject),
            "gateway_id": clean(reject.gateway_id),
            "device": _row(reject.device),
            "gateway": _row(reject.gateway),
        }
        for reject in rejects
    ]
    _insert(
        connection,
        """
        INSERT INTO reject (received, key, topic, payload, size, code, reason, gateway_id, device,
                            gateway, flags)
        VALUES (%(received)s, %(key)s, %(topic)s, %(payload)b, %(size)s, %(code)s, %(reason)s,
                %(gateway_id)s, %(device)s, %(gateway)s, %(flags)s)
        ON CONFLICT DO NOTHING
        """,
        rows,
    )


def write_quarantine(connection: psycopg.Connection, quarantined: Iterable[Quarantined]) -> None:
    rows = [
        {
            **message._asdict(),
            **_message(message),
            "area": clean(message.area),
            "gateway_id": clean(message.gateway_id),
            "device_id": clean(message.device_id),
            "profile": clean(message.profile),
        }
        for message in quarantined
    ]
    _insert(
        connection,
        """
        INSERT INTO quarantine (received, key, topic, payload, area, gateway_id, device_id, code,
                                reason, flags, profile)
        VALUES (%(received)s, %(key)s, %(topic)s, %(payload)b, %(area)s, %(gateway_id)s,
                %(device_id)s, %(code)s, %(reason)s, %(flags)s, %(profile)s)
        ON CONFLICT DO NOTHING
        """,
        rows,
    )


def write_status(connection: psycopg.Connection, readings: Readings) -> None:
    """The rows that carry a known gateway's status; all others are left out."""
    rows = [
        {
            "received": from_micros(readings.received[i]),
            "gateway": int(readings.gateway[i]),
            "online": bool(readings.online[i]),
            "flags": int(readings.flags[i]) & ~int(Flag.LATE),
        }
        for i in np.flatnonzero((readings.online >= 0) & (readings.gateway >= 0))
    ]
    _insert(
        connection,
        """
        INSERT INTO gateway_status (received, gateway, online, flags)
        VALUES (%(received)s, %(gateway)s, %(online)s, %(flags)s) ON CONFLICT DO NOTHING
        """,
        rows,
    )


def count_overflow(
    connection: psycopg.Connection, overflow: Mapping[str, int], *, received: int
) -> None:
    """Rejects beyond a gateway's rate, by its id: only their number is kept (I3)."""
    when = from_micros(received)
    _insert(
        connection,
        """
        INSERT INTO reject_overflow (received, gateway_id, count)
        VALUES (%(received)s, %(gateway_id)s, %(count)s) ON CONFLICT DO NOTHING
        """,
        [
            {"received": when, "gateway_id": clean(gateway), "count": count}
            for gateway, count in overflow.items()
        ],
    )


def _insert(
    connection: psycopg.Connection, query: LiteralString, rows: Sequence[Mapping[str, Any]]
) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(query, rows)


def _message(message: Reject | Quarantined) -> dict[str, Any]:
    return {
        "received": from_micros(message.received),
        "key": _key(message.topic, message.payload),
        "topic": clean(message.topic),
        "payload": message.payload[:PAYLOAD_LIMIT],
        "code": clean(message.code),
        "reason": clean(message.reason[:_REASON_LIMIT]),
    }


def _key(topic: str, payload: bytes) -> int:
    """63 bits that tell messages of one `received` apart."""
    name = topic.encode("utf-8", "surrogatepass")
    digest = blake2b(name + b"\0" + payload, digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _row(row: int) -> int | None:
    return row if row >= 0 else None
