"""Rejects, quarantine and status: anything can be kept, and keeping it twice is keeping it once."""

import numpy as np
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.readings import Flag
from store.rejects import (
    PAYLOAD_LIMIT,
    Quarantined,
    Reject,
    count_overflow,
    write_quarantine,
    write_rejects,
    write_status,
)
from tests.support.columns import START, random_readings

REJECT = Reject(START, "t", b"p", 1, "json", "why", "g", 3, 4, 0)
QUARANTINED = Quarantined(START, "t", b"p", "a", "g", "d", "unknown_device", "why", 0)
ANY_TEXT = st.text(st.characters(), max_size=30)  # lone surrogates and NUL among them


def _count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    return int(row[0]) if row else 0


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.lists(ANY_TEXT, min_size=6, max_size=6), payload=st.binary(max_size=60))
def test_any_bytes_can_be_kept(
    connection: psycopg.Connection, text: list[str], payload: bytes
) -> None:
    topic, area, gateway, device, code, reason = text
    with connection.transaction(force_rollback=True):
        write_rejects(
            connection,
            [Reject(START, topic, payload, len(payload), code, reason, gateway, -1, -1, 0)],
        )
        write_quarantine(
            connection,
            [Quarantined(START, topic, payload, area, gateway, device, code, reason, 0)],
        )
        count_overflow(connection, {gateway: 2}, received=START)
        kept = connection.execute(
            "SELECT payload, device FROM reject UNION ALL SELECT payload, NULL FROM quarantine"
        ).fetchall()
    assert kept == [(payload, None)] * 2


def test_readable_text_is_kept_as_it_is(connection: psycopg.Connection) -> None:
    write_rejects(connection, [REJECT._replace(reason="按钮 – ü", topic="a/b\\x")])
    row = connection.execute("SELECT topic, reason, device, gateway, size FROM reject").fetchone()
    assert row == ("a/b\\x", "按钮 – ü", 3, 4, 1)


def test_a_redelivery_is_kept_once(connection: psycopg.Connection) -> None:
    for _ in range(2):
        write_rejects(connection, [REJECT, REJECT])
        write_quarantine(connection, [QUARANTINED, QUARANTINED])
        count_overflow(connection, {"g": 5}, received=START)
    for table in ("reject", "quarantine", "reject_overflow"):
        assert _count(connection, table) == 1


def test_what_differs_is_kept_apart(connection: psycopg.Connection) -> None:
    """In topic, payload, the tail beyond the limit, or the time."""
    long = b"x" * PAYLOAD_LIMIT
    rejects = [
        REJECT,
        REJECT._replace(topic="tp", payload=b""),
        REJECT._replace(payload=b"q"),
        REJECT._replace(payload=long + b"1", size=len(long) + 1),
        REJECT._replace(payload=long + b"2", size=len(long) + 1),
        REJECT._replace(received=START + 1),
    ]
    write_rejects(connection, rejects)
    assert _count(connection, "reject") == len(rejects)


def test_a_payload_is_cut_and_its_size_told(connection: psycopg.Connection) -> None:
    whole = bytes(range(256)) * 4096
    write_rejects(connection, [REJECT._replace(payload=whole, size=len(whole))])
    row = connection.execute("SELECT payload, size FROM reject").fetchone()
    assert row == (whole[:PAYLOAD_LIMIT], len(whole))


def test_a_reason_is_bounded(connection: psycopg.Connection) -> None:
    write_rejects(connection, [REJECT._replace(reason="啊" * 100_000)])
    row = connection.execute("SELECT length(reason) FROM reject").fetchone()
    assert row == (2000,)


def test_nothing_to_write(connection: psycopg.Connection) -> None:
    write_rejects(connection, [])
    write_quarantine(connection, [])
    count_overflow(connection, {}, received=0)
    write_status(connection, random_readings(np.random.default_rng(1), 3))
    assert _count(connection, "gateway_status") == 0


def test_only_the_status_of_known_gateways_is_kept(connection: psycopg.Connection) -> None:
    rows = random_readings(np.random.default_rng(2), 4)
    rows.online[:] = [1, 0, -1, 1]
    rows.gateway[:] = [7, 8, 9, -1]
    rows.flags[:] = Flag.RETAINED | Flag.SIGN_OF_LIFE | Flag.LATE
    for _ in range(2):
        write_status(connection, rows)
    kept = connection.execute(
        "SELECT gateway, online, flags FROM gateway_status ORDER BY gateway"
    ).fetchall()
    flags = int(Flag.RETAINED | Flag.SIGN_OF_LIFE)
    assert kept == [(7, True, flags), (8, False, flags)]
