"""The store's tables, brought up to date by numbered SQL files that only go forward.

`0007_name.sql` is for every store; `0007_name.postgres.sql` and `0007_name.timescaledb.sql` are
the two variants of one step. Which flavour a store has is decided once, when it is empty, and
recorded. Each file runs in a transaction of its own under an advisory lock, so any number of
starters may do this at once, also behind PgBouncer.
"""

import re
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

import psycopg

from store.connect import connect

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+(?:\.(postgres|timescaledb))?\.sql")
_LOCK = 0x7669_6769_6C  # "vigil"
_FOLDER = files("store") / "migrations"


class MigrationError(RuntimeError):
    """The store and the files cannot be brought together; the message says what is wrong."""


class Migration(NamedTuple):
    number: int
    name: str
    content: bytes

    @property
    def checksum(self) -> str:
        return sha256(self.content).hexdigest()


class _Store(NamedTuple):
    flavour: str
    applied: dict[int, tuple[str, str]]  # number → name, checksum


def migrate(target: str | psycopg.Connection, *, folder: Traversable = _FOLDER) -> list[str]:
    """Run what is pending and return the names of the files, in order.

    `target` is a DSN or an autocommit connection outside any transaction. Raises MigrationError
    where an applied file has changed or the store is newer than the files; psycopg.Error where
    a file fails (nothing of that file stays).
    """
    if isinstance(target, str):
        with connect(target, application="vigil migrate") as connection:
            return migrate(connection, folder=folder)
    done: list[str] = []
    while (name := _step(target, folder)) is not None:
        done.append(name)
    return done


def check(connection: psycopg.Connection, *, folder: Traversable = _FOLDER) -> list[str]:
    """What stands between the store and the files, in words; empty if nothing does.

    Changes nothing.
    """
    store = _read(connection)
    if store is None:
        return ["the store is empty: run `vigil migrate`"]
    steps = _steps(folder, store.flavour)
    pending = [f"{m.name} is not applied: run `vigil migrate`" for m in _pending(store, steps)]
    return _conflicts(store, steps) + pending


def flavour(connection: psycopg.Connection) -> str | None:
    """`postgres` or `timescaledb`; None for a store that was never migrated."""
    store = _read(connection)
    return store.flavour if store else None


def _step(connection: psycopg.Connection, folder: Traversable) -> str | None:
    """Apply the next pending file; None if there is none."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        store = _read(connection) or _create(connection)
        steps = _steps(folder, store.flavour)
        if conflicts := _conflicts(store, steps):
            raise MigrationError("; ".join(conflicts))
        pending = _pending(store, steps)
        if not pending:
            return None
        step = pending[0]
        connection.execute(step.content)
        connection.execute(
            "INSERT INTO schema_migration (number, name, checksum) VALUES (%s, %s, %s)",
            [step.number, step.name, step.checksum],
        )
        return step.name


def _read(connection: psycopg.Connection) -> _Store | None:
    found = connection.execute("SELECT to_regclass('schema_migration') IS NOT NULL").fetchone()
    if found != (True,):
        return None
    rows = connection.execute("SELECT number, name, checksum FROM schema_migration").fetchall()
    row = connection.execute("SELECT flavour FROM store_flavour").fetchone()
    if row is None:
        raise MigrationError("store_flavour is empty: restore it from a backup")
    return _Store(row[0], {number: (name, checksum) for number, name, checksum in rows})


def _create(connection: psycopg.Connection) -> _Store:
    chosen = "timescaledb" if _has_timescaledb(connection) else "postgres"
    connection.execute(
        b"""
        CREATE TABLE schema_migration (
            number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE TABLE store_flavour (
            one boolean PRIMARY KEY DEFAULT true CHECK (one), flavour text NOT NULL
        );
        """
    )
    connection.execute("INSERT INTO store_flavour (flavour) VALUES (%s)", [chosen])
    return _Store(chosen, {})


def _has_timescaledb(connection: psycopg.Connection) -> bool:
    """Whether the extension is there with all we use of it, creating it if we may.

    Creating it where its library is not preloaded would end the connection; the loader shows
    itself by a setting of its own. Its Apache edition has neither columns nor summaries.
    """
    row = connection.execute(
        """
        SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb'),
               EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
               AND current_setting('timescaledb.disable_load', true) IS NOT NULL
        """
    ).fetchone()
    exists, offered = row or (False, False)
    if not exists:
        if not offered:
            return False
        try:
            with connection.transaction():
                connection.execute("CREATE EXTENSION timescaledb")
        except psycopg.errors.InsufficientPrivilege:
            return False
    edition = connection.execute("SELECT current_setting('timescaledb.license', true)").fetchone()
    return edition == ("timescale",)


def _steps(folder: Traversable, flavour: str) -> list[Migration]:
    steps: dict[int, Migration] = {}
    for path in folder.iterdir():
        if not path.name.endswith(".sql"):
            continue
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"not the name of a migration: {path.name}")
        number, variant = int(match[1]), match[2]
        if variant in (None, flavour):
            if number in steps:
                raise MigrationError(f"two migrations with one number: {path.name}")
            steps[number] = Migration(number, path.name, path.read_bytes())
    return [steps[number] for number in sorted(steps)]


def _pending(store: _Store, steps: list[Migration]) -> list[Migration]:
    return [step for step in steps if step.number not in store.applied]


def _conflicts(store: _Store, steps: list[Migration]) -> list[str]:
    known = {step.number: step for step in steps}
    conflicts = []
    for number, (name, checksum) in sorted(store.applied.items()):
        if number not in known:
            conflicts.append(f"the store has {name}, which this version does not know: update")
        elif known[number].checksum != checksum:
            conflicts.append(f"{name} was changed after it had been applied: restore the file")
    newest = max(store.applied, default=0)
    conflicts += [
        f"{step.name} comes before {store.applied[newest][0]}, which is applied: renumber it"
        for step in _pending(store, steps)
        if step.number < newest
    ]
    return conflicts
