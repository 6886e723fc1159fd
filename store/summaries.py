"""Summaries by minute, hour and night on plain PostgreSQL, kept up to date a piece at a time.

A minute is counted once it is two minutes old. A reading that comes later is noted by whoever
writes it (see `summary_note` in the migrations), and its minute is counted anew, then its hour
and night. Nothing is missed, whatever commits when: before minutes are counted, `claimed` is
moved under a lock that no writer holds at that moment; who wrote before is seen by the count,
who writes afterwards leaves a note.
"""

from collections.abc import Iterable
from typing import LiteralString, NamedTuple

import psycopg
from psycopg import errors, sql

from schemas.times import DAY, MINUTE, from_micros, to_micros
from store import days
from store.turn import turn

LAG = 2 * MINUTE
_PIECES = 24
"""Of a level in a run at most: a store that has a year to catch up with does so in turns."""
_NOTES = 720
"""Buckets of a level counted anew in a run at most."""
_PATIENCE = "200ms"
"""How long the claim may keep writers waiting for one of them that is slow."""


class _Level(NamedTuple):
    """One level of summaries, in SQL. Nights are those of the migrations' one zone."""

    name: str
    table: str
    counted: LiteralString
    """Rows of the buckets that begin in [{since}, {until})."""
    piece: LiteralString
    """How much is added in one transaction."""
    below: str
    ceiling: LiteralString
    """How far it may go, by the progress of the level below it."""
    end: LiteralString
    """Where the bucket that begins at `b` ends."""
    key: LiteralString
    """What the table calls the bucket that begins at `b`: its first column."""
    above: LiteralString
    """The beginning of the next level's bucket that `b` is in."""


_HOUR: LiteralString = "date_bin(INTERVAL '1 hour', {}, TIMESTAMPTZ '2000-01-01 00:00:00Z')"
_NOON: LiteralString = (
    "(date_trunc('day', {} AT TIME ZONE 'Asia/Shanghai' - INTERVAL '12 hours')"
    " + INTERVAL '12 hours') AT TIME ZONE 'Asia/Shanghai'"
)
_MINUTES = _Level(
    "minute",
    "minute_kept",
    counted="minute_of({since}, {until})",
    piece="INTERVAL '1 hour'",
    below="minute",
    ceiling="claimed",
    end="b + INTERVAL '1 minute'",
    key="bucket = b",
    above=_HOUR.replace("{}", "b"),
)
_HOURS = _Level(
    "hour",
    "hour_kept",
    counted="hour_of({since}, {until})",
    piece="INTERVAL '1 day'",
    below="minute",
    ceiling=_HOUR.replace("{}", "upto"),
    end="b + INTERVAL '1 hour'",
    key="bucket = b",
    above=_NOON.replace("{}", "b"),
)
_NIGHTS = _Level(
    "night",
    "night_kept",
    counted="night_in('Asia/Shanghai', {since}, {until})",
    piece="INTERVAL '7 days'",
    below="hour",
    ceiling=_NOON.replace("{}", "upto"),
    end="(b AT TIME ZONE 'Asia/Shanghai' + INTERVAL '1 day') AT TIME ZONE 'Asia/Shanghai'",
    key="night = (b AT TIME ZONE 'Asia/Shanghai')::date",
    above="b",
)
_NEXT = {"minute": _HOURS, "hour": _NIGHTS}


class Refreshed(NamedTuple):
    """`added`: pieces; `renewed`: buckets counted anew because something came late."""

    added: int
    renewed: int


def refresh(connection: psycopg.Connection, *, now: int) -> Refreshed:
    """Bring every level up to date, or a bounded part of the way. `now`: µs UTC.

    Safe with several copies: each piece is one transaction of whoever has the turn.
    """
    _claim(connection, (now - LAG) // MINUTE * MINUTE)
    added = renewed = 0
    for level in (_MINUTES, _HOURS, _NIGHTS):
        renewed += _renew(connection, level)
        for _ in range(_PIECES):
            if not _add(connection, level):
                break
            added += 1
    return Refreshed(added, renewed)


def _claim(connection: psycopg.Connection, upto: int) -> None:
    """From its commit on, writers note readings of minutes before `upto` (µs)."""
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", [_PATIENCE])
            connection.execute("SELECT pg_advisory_xact_lock(hashtext('vigil summary'))")
            connection.execute(
                "UPDATE summary_progress SET claimed = greatest(claimed, %s)"
                " WHERE level = 'minute'",
                [from_micros(upto)],
            )
    except errors.LockNotAvailable:
        return  # a writer takes its time; what was claimed before can be counted meanwhile


def _add(connection: psycopg.Connection, level: _Level) -> bool:
    """Count the level's next piece; whether there was one."""
    with turn(connection, "summaries") as ours:
        if not ours:
            return False
        _begin(connection)
        piece = connection.execute(
            sql.SQL(
                """
                SELECT p.upto, least(p.upto + {piece}, b.ceiling) FROM summary_progress p,
                    (SELECT {ceiling} AS ceiling FROM summary_progress WHERE level = {below}) b
                WHERE level = {level} AND p.upto < b.ceiling
                """
            ).format(
                piece=sql.SQL(level.piece),
                ceiling=sql.SQL(level.ceiling),
                below=sql.Literal(level.below),
                level=sql.Literal(level.name),
            )
        ).fetchone()
        if piece is None:
            return False
        since, until = (to_micros(time) for time in piece)
        if level is _MINUTES:
            _make_days(connection, range(since // DAY, (until - 1) // DAY + 1))
        counted = sql.SQL(level.counted).format(
            since=sql.Literal(piece[0]), until=sql.Literal(piece[1])
        )
        table = sql.Identifier(level.table)
        connection.execute(sql.SQL("INSERT INTO {} SELECT * FROM {}").format(table, counted))
        _progress(connection, level.name, piece[1])
        return True


def _begin(connection: psycopg.Connection) -> None:
    """The first time: every level begins where readings do. Only once something is claimed, so
    that a reading from before this beginning leaves a note."""
    connection.execute(
        sql.SQL(
            """
            UPDATE summary_progress p
            SET upto = CASE level WHEN 'minute' THEN {minute} WHEN 'hour' THEN {hour} ELSE {night}
                       END
            FROM (
                SELECT least((SELECT min(ts) FROM reading), claimed) AS first
                FROM summary_progress WHERE level = 'minute' AND isfinite(claimed)
            ) r
            WHERE upto = '-infinity'
            """
        ).format(
            minute=sql.SQL("date_trunc('minute', r.first)"),
            hour=sql.SQL(_HOUR.replace("{}", "r.first")),
            night=sql.SQL(_NOON.replace("{}", "r.first")),
        )
    )


def _renew(connection: psycopg.Connection, level: _Level) -> int:
    """Count anew what late readings have changed; how many buckets."""
    with turn(connection, "summaries") as ours:
        if not ours:
            return 0
        found = connection.execute(
            """
            DELETE FROM summary_stale WHERE level = %(level)s AND bucket IN (
                SELECT DISTINCT s.bucket FROM summary_stale s
                JOIN summary_progress p ON p.level = s.level AND s.bucket < p.upto
                WHERE s.level = %(level)s ORDER BY s.bucket LIMIT %(most)s
            ) RETURNING bucket
            """,
            {"level": level.name, "most": _NOTES},
        ).fetchall()
        buckets = sorted({bucket for (bucket,) in found})
        if not buckets:
            return 0
        if level is _MINUTES:
            _make_days(connection, {to_micros(bucket) // DAY for bucket in buckets})
        parts = {
            "table": sql.Identifier(level.table),
            "key": sql.SQL(level.key),
            "counted": sql.SQL(level.counted).format(since=sql.SQL("b"), until=sql.SQL(level.end)),
        }
        for statement in (
            "DELETE FROM {table} USING unnest(%s::timestamptz[]) b WHERE {key}",
            "INSERT INTO {table} SELECT c.* FROM unnest(%s::timestamptz[]) b, LATERAL {counted} c",
        ):
            connection.execute(sql.SQL(statement).format(**parts), [buckets])
        if above := _NEXT.get(level.name):
            connection.execute(
                sql.SQL(
                    "INSERT INTO summary_stale SELECT DISTINCT {name}, {bucket}"
                    " FROM unnest(%s::timestamptz[]) b"
                ).format(name=sql.Literal(above.name), bucket=sql.SQL(level.above)),
                [buckets],
            )
        return len(buckets)


def _progress(connection: psycopg.Connection, level: str, upto: object) -> None:
    connection.execute("UPDATE summary_progress SET upto = %s WHERE level = %s", [upto, level])


def _make_days(connection: psycopg.Connection, numbers: Iterable[int]) -> None:
    for day in numbers:
        days.make(connection, "minute_kept", day)
