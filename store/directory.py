"""The directory in the store: imported whole or not at all, read back as it was written.

A thing keeps its array row for ever, also while it is retired. Names, addresses and phones are
read only by `load_directory`; `load_registry` asks for none of them (I10).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import psycopg
from psycopg import sql

from schemas.directory import Directory, Row
from schemas.times import from_micros
from store.directory_load import load_directory, load_registry
from store.directory_tables import CHILDREN, KEYED, Child, Keyed

__all__ = [
    "DirectoryError",
    "Imported",
    "directory_version",
    "import_directory",
    "load_directory",
    "load_registry",
    "set_password",
]

_Cursor = psycopg.Cursor[tuple[int]]


class DirectoryError(ValueError):
    """The directory cannot be imported into this store; nothing of it was."""


class Imported(NamedTuple):
    """Rows of all files together. `retired` counts retired things, and contacts, duty, away and
    overrides that the folder does not name any more; one that differs is removed and added."""

    added: int
    changed: int
    retired: int
    version: int


def import_directory(
    connection: psycopg.Connection, directory: Directory, *, now: int, prune: bool = False
) -> Imported:
    """Bring the store to what a checked directory says, in one transaction. `now`: µs UTC.

    Things that the directory does not name stay, or with `prune` are retired; one that returns
    has its old row again. What belongs to a named elder or station (contacts, away, overrides,
    duty) is replaced. Raises DirectoryError, and psycopg.OperationalError from the link.
    """
    _check_children(directory)
    count: Counter[str] = Counter()
    try:
        with connection.transaction(), connection.cursor() as cursor:
            # The row lock makes importers wait for each other.
            cursor.execute(
                "UPDATE directory_version SET version = version + 1, imported_at = %s"
                " RETURNING version",
                [from_micros(now)],
            )
            (version,) = cursor.fetchone() or (0,)
            for keyed in KEYED:
                count += _upsert(cursor, keyed, getattr(directory, keyed.name))
            for child in CHILDREN:
                count += _replace(cursor, child, getattr(directory, child.name))
            if prune:
                count += _retire_absent(cursor, now)
            _check_top(cursor)
            _check_erased(cursor)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise DirectoryError(_sentence(error)) from error
    return Imported(count["added"], count["changed"], count["retired"], version)


def directory_version(connection: psycopg.Connection) -> int:
    """Counts up with every import; 0 before the first."""
    row = connection.execute("SELECT version FROM directory_version", prepare=True).fetchone()
    return int(row[0]) if row else 0


def set_password(connection: psycopg.Connection, staff: str, password_hash: str) -> None:
    """Keep the (argon2) hash for a staff member; LookupError if there is no such id on duty."""
    done = connection.execute(
        "UPDATE staff SET password_hash = %s WHERE id = %s AND retired_at IS NULL",
        [password_hash, staff],
    )
    if done.rowcount == 0:
        raise LookupError(f"no staff member {staff!r} in the directory")


def _stage(
    cursor: psycopg.Cursor[tuple[int]], table: Keyed | Child, rows: Sequence[Row]
) -> sql.Composable:
    """A temporary table with the rows in their order; gone with the transaction."""
    stage = sql.Identifier(f"stage_{table.name}")
    cursor.execute(
        sql.SQL(
            "CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT 0 AS position, {} FROM {} LIMIT 0"
        ).format(stage, table.column_list(), table.identifier)
    )
    copy = sql.SQL("COPY {} FROM STDIN").format(stage)
    with cursor.copy(copy) as stream:
        for position, row in enumerate(rows):
            stream.write_row((position, *table.values(row)))
    cursor.execute(sql.SQL("ANALYZE {}").format(stage))
    return stage


def _upsert(cursor: _Cursor, table: Keyed, rows: Sequence[Row]) -> Counter[str]:
    # Not ON CONFLICT: it draws a number for every row that exists already, and array rows would
    # drift apart with every import.
    stage = _stage(cursor, table, rows)
    names = {
        "t": table.identifier,
        "stage": stage,
        "columns": table.column_list(),
        "set": sql.SQL(", ").join(
            sql.SQL("{0} = s.{0}").format(sql.Identifier(c)) for c in table.columns
        ),
        "old": table.column_list("t"),
        "new": table.column_list("s"),
    }
    cursor.execute(
        sql.SQL(
            "UPDATE {t} AS t SET {set}, retired_at = NULL FROM {stage} AS s WHERE t.id = s.id"
            " AND (ROW({old}) IS DISTINCT FROM ROW({new}) OR t.retired_at IS NOT NULL)"
        ).format(**names)
    )
    changed = cursor.rowcount
    cursor.execute(
        sql.SQL(
            "INSERT INTO {t} ({columns}) SELECT {new} FROM {stage} AS s"
            " WHERE NOT EXISTS (SELECT FROM {t} AS t WHERE t.id = s.id) ORDER BY s.position"
        ).format(**names)
    )
    return Counter(added=cursor.rowcount, changed=changed)


def _replace(cursor: _Cursor, table: Child, rows: Sequence[Row]) -> Counter[str]:
    stage = _stage(cursor, table, rows)
    if table.carry:
        cursor.execute(table.carry.encode())
    names = {
        "t": table.identifier,
        "stage": stage,
        "mine": sql.SQL(table.mine),  # our own text
        "owner": sql.Identifier(table.owner),
        "owners": sql.Identifier(f"stage_{table.owners}"),
        "columns": table.column_list(),
        "old": table.column_list("t"),
        "new": table.column_list("s"),
    }
    cursor.execute(
        sql.SQL(
            "DELETE FROM {t} AS t WHERE {mine} AND {owner} IN (SELECT id FROM {owners})"
            " AND NOT EXISTS (SELECT FROM {stage} AS s"
            " WHERE ROW({old}) IS NOT DISTINCT FROM ROW({new}))"
        ).format(**names)
    )
    retired = cursor.rowcount
    cursor.execute(
        sql.SQL(
            "INSERT INTO {t} ({columns}) SELECT {new} FROM {stage} AS s WHERE NOT EXISTS"
            " (SELECT FROM {t} AS t WHERE ROW({old}) IS NOT DISTINCT FROM ROW({new}))"
            " ORDER BY s.position"
        ).format(**names)
    )
    return Counter(added=cursor.rowcount, retired=retired)


def _retire_absent(cursor: _Cursor, now: int) -> Counter[str]:
    retired: Counter[str] = Counter()
    for keyed in KEYED:
        cursor.execute(
            sql.SQL(
                "UPDATE {} SET retired_at = %s WHERE retired_at IS NULL"
                " AND id NOT IN (SELECT id FROM {})"
            ).format(keyed.identifier, sql.Identifier(f"stage_{keyed.name}")),
            [from_micros(now)],
        )
        retired["retired"] += cursor.rowcount
    for child in CHILDREN:  # nobody needs the phones of a retired elder's family
        cursor.execute(
            sql.SQL(
                "DELETE FROM {} WHERE {} IN (SELECT id FROM {} WHERE retired_at IS NOT NULL)"
            ).format(child.identifier, sql.Identifier(child.owner), sql.Identifier(child.owner))
        )
        retired["retired"] += cursor.rowcount
    return retired


def _check_children(directory: Directory) -> None:
    """What no key keeps apart in the folder must be apart in the store."""
    for table in CHILDREN:
        rows: Iterable[Row] = getattr(directory, table.name)
        counted = Counter(tuple(getattr(row, name) for name in table.key) for row in rows)
        for key, count in counted.items():
            if count > 1:
                key_words = ", ".join(table.key)
                raise DirectoryError(
                    f"{table.name}.csv: {count} rows of {table.owner} {key[0]!r} have the same "
                    f"{key_words}"
                )


def _check_erased(cursor: _Cursor) -> None:
    """Who was forgotten does not come back under the old id."""
    back = cursor.connection.execute(
        "SELECT id FROM elder WHERE erased_at IS NOT NULL AND (retired_at IS NULL OR name <> '')"
        " ORDER BY id"
    ).fetchall()
    if back:
        raise DirectoryError(
            "elders.csv: erased for good: "
            + ", ".join(repr(id_) for (id_,) in back)
            + " (take the rows out; a person who comes back gets a new id)"
        )


def _check_top(cursor: _Cursor) -> None:
    tops = cursor.connection.execute(
        "SELECT id FROM area WHERE parent IS NULL AND retired_at IS NULL ORDER BY id"
    ).fetchall()
    if len(tops) > 1:
        raise DirectoryError(
            "areas.csv: the store would have several areas without a parent: "
            + ", ".join(repr(id_) for (id_,) in tops)
            + " (retire what the folder does not name with --prune, or name its parent)"
        )


def _sentence(error: psycopg.Error) -> str:
    """Without the row's values: they may be names and phones."""
    where = ".".join(filter(None, (error.diag.table_name, error.diag.column_name)))
    what = error.diag.message_primary or str(error)
    return f"{where}: {what}" if where else what
