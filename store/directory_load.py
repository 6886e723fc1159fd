"""The directory read back: whole, for an export, or as array rows, for ingest and the rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row, namedtuple_row

from schemas.directory import (
    MODELS,
    Area,
    Away,
    Device,
    Directory,
    Elder,
    Gateway,
    Home,
    Override,
    Row,
)
from schemas.registry import Registry
from store.directory_tables import CHILDREN, KEYED, Child, Keyed

Rows = dict[str, int]


def load_directory(connection: psycopg.Connection) -> Directory:
    """Everything that is not retired, names included; what export writes.

    Not inside a transaction: it takes one for a consistent view.
    """
    with _one_view(connection):
        tables: list[Keyed | Child] = [*KEYED, *CHILDREN]
        return Directory(**{table.name: tuple(_read(connection, table)) for table in tables})


def load_registry(connection: psycopg.Connection) -> tuple[int, Registry]:
    """The directory's version, and the arrays with permanent rows. Reads no name (I10).

    Retired things keep their place as free rows, so that arrays never shrink. Not inside a
    transaction: it takes one for a consistent view.
    """
    with _one_view(connection):
        version = connection.execute("SELECT version FROM directory_version").fetchone() or (0,)
        rows: dict[str, Rows] = {}
        directory = Directory.model_construct(
            areas=_some(connection, Area, "area", "id, parent, zone"),
            homes=_numbered(connection, Home, "id, area", rows),
            elders=_numbered(connection, Elder, "id, home, living, care_level, zone", rows),
            gateways=_numbered(connection, Gateway, "id, area", rows),
            devices=_numbered(
                connection,
                Device,
                "id, kind, profile, gateway, elder, home, location, interval_s",
                rows,
            ),
            overrides=_some(connection, Override, "override", "elder, rule, parameter, value"),
            away=_some(connection, Away, "away", "elder, starts AS start, until"),
        )
        return version[0], Registry.build(directory, **rows)


@contextmanager
def _one_view(connection: psycopg.Connection) -> Iterator[None]:
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _read(connection: psycopg.Connection, table: Keyed | Child) -> Iterator[Row]:
    model = MODELS[table.name]
    fields = table.fields or table.columns
    names = {f: model.model_fields[f].alias or f for f in fields}
    columns = sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(sql.Identifier(c), sql.Identifier(names[f]))
        for c, f in zip(table.columns, fields, strict=True)
    )
    cursor = connection.cursor(row_factory=dict_row)
    cursor.execute(sql.SQL("SELECT {} FROM {} {}").format(columns, table.identifier, _which(table)))
    for row in cursor:
        yield model.model_validate({k: v for k, v in row.items() if v is not None})


def _which(table: Keyed | Child) -> sql.Composable:
    """Keyed: what is not retired, in the order of the array rows where there are some."""
    if isinstance(table, Child):
        columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
        return sql.SQL("ORDER BY {}").format(columns)
    numbered = table.table in ("home", "elder", "gateway", "device")
    order = sql.Identifier("row") if numbered else sql.Identifier("id")
    return sql.SQL("WHERE retired_at IS NULL ORDER BY {}").format(order)


def _some(
    connection: psycopg.Connection, model: type[Row], table: str, columns: str
) -> tuple[Any, ...]:
    """Rows as models that hold only `columns`: checked when they were imported, not again."""
    living = "WHERE retired_at IS NULL" if table == "area" else ""
    cursor = connection.cursor(row_factory=dict_row)
    cursor.execute(f"SELECT {columns} FROM {table} {living} ORDER BY 1, 2".encode())  # noqa: S608
    return tuple(model.model_construct(**row) for row in cursor)


def _numbered(
    connection: psycopg.Connection, model: type[Row], columns: str, rows: dict[str, Rows]
) -> tuple[Any, ...]:
    """As `_some`, but plain tuples with those names: a district has 130,000 of them, and every
    start of ingest reads them. Puts the array row of every id, retired ones included, into `rows`.
    """
    table = model.__name__.lower()
    said = f"{columns}, row, retired_at IS NOT NULL AS retired"
    cursor = connection.cursor(row_factory=namedtuple_row)
    cursor.execute(f"SELECT {said} FROM {table} ORDER BY row".encode())  # noqa: S608
    found: list[Any] = cursor.fetchall()
    rows[f"{table}s"] = {one.id: one.row for one in found}
    return tuple(one for one in found if not one.retired)
