"""Consent on record: who agreed to what for which elder, and when it was withdrawn."""

import psycopg

from schemas.times import from_micros


def give(
    connection: psycopg.Connection, elder: str, *, given_by: str, scope: str, now: int
) -> None:
    """Put it on record; the same consent given again keeps its first date. `now`: µs UTC.

    LookupError for an elder who is not in the directory.
    """
    done = connection.execute(
        "INSERT INTO consent (elder, given_by, scope, given_at)"
        " SELECT id, %s, %s, %s FROM elder WHERE id = %s AND retired_at IS NULL"
        " ON CONFLICT (elder, scope) WHERE withdrawn_at IS NULL DO UPDATE"
        " SET given_by = consent.given_by",
        [given_by, scope, from_micros(now), elder],
    )
    if done.rowcount == 0:
        raise LookupError(f"no elder {elder!r} in the directory")


def withdraw(connection: psycopg.Connection, elder: str, *, scope: str, now: int) -> bool:
    """Whether there was one to withdraw."""
    done = connection.execute(
        "UPDATE consent SET withdrawn_at = %s"
        " WHERE elder = %s AND scope = %s AND withdrawn_at IS NULL",
        [from_micros(now), elder, scope],
    )
    return done.rowcount > 0


def missing(connection: psycopg.Connection, *, scope: str) -> list[str]:
    """Elders in the directory for whom nobody has agreed to `scope`, by id."""
    rows = connection.execute(
        "SELECT e.id FROM elder e WHERE e.retired_at IS NULL AND NOT EXISTS (SELECT FROM consent c"
        " WHERE c.elder = e.id AND c.scope = %s AND c.withdrawn_at IS NULL) ORDER BY e.id",
        [scope],
    )
    return [row[0] for row in rows]
