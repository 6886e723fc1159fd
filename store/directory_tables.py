"""How the files of the registry folder lie in tables."""

from dataclasses import dataclass
from typing import Any

from psycopg import sql

from schemas.directory import Row


@dataclass(frozen=True, kw_only=True)
class _Table:
    name: str
    """Field of `Directory`, and name of the file."""
    table: str
    columns: tuple[str, ...]
    fields: tuple[str, ...] = ()
    """The model's fields in the order of `columns`, where they are called otherwise."""

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.table)

    def column_list(self, alias: str | None = None) -> sql.Composable:
        parts = [(alias, c) if alias else (c,) for c in self.columns]
        return sql.SQL(", ").join(sql.Identifier(*part) for part in parts)

    def values(self, row: Row) -> tuple[Any, ...]:
        """A row's cells in the order of `columns`, as the driver writes them."""
        return tuple(_plain(getattr(row, field)) for field in self.fields or self.columns)


@dataclass(frozen=True, kw_only=True)
class Keyed(_Table):
    """Things with an id: kept for ever, retired when they are no more."""


@dataclass(frozen=True, kw_only=True)
class Child(_Table):
    """What belongs to a thing and is replaced with it."""

    owner: str
    """Column, and table, of the thing."""
    owners: str
    """Field of `Directory` that names the things."""
    key: tuple[str, ...]
    """Fields that no two rows share; the owner first."""
    mine: str = "true"
    """SQL: which of the table's rows (`t`) are the registry's own, for an import to replace."""
    carry: str = ""
    """SQL that brings what the console has done to the registry's rows into those staged."""


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, str) else value  # an enumeration as its word


KEYED = (
    Keyed(name="areas", table="area", columns=("id", "name", "level", "parent", "zone")),
    Keyed(name="stations", table="station", columns=("id", "name", "area", "phone")),
    Keyed(name="homes", table="home", columns=("id", "area", "address", "door_note")),
    Keyed(
        name="elders",
        table="elder",
        columns=(
            "id", "name", "home", "living", "care_level", "tags", "birth_year", "phone", "doctor",
            "zone", "note",
        ),
    ),
    Keyed(name="gateways", table="gateway", columns=("id", "area")),
    Keyed(
        name="devices",
        table="device",
        columns=(
            "id", "kind", "profile", "gateway", "elder", "home", "location", "interval_s",
        ),
    ),
    Keyed(name="staff", table="staff", columns=("id", "name", "station", "role", "phone")),
)  # fmt: skip
"""In an order in which what is referred to comes first."""

_SAME_SHIFT = """
t.station = s.station AND t.staff = s.staff AND t.weekdays = s.weekdays AND t.starts = s.starts
AND t.since IS NOT DISTINCT FROM s.since
"""

CHILDREN = (
    Child(
        name="contacts",
        table="contact",
        columns=("elder", "priority", "name", "relation", "phone"),
        owner="elder",
        owners="elders",
        key=("elder", "priority", "phone"),
    ),
    Child(
        name="duty",
        table="duty",
        columns=("station", "staff", "weekdays", "starts", "ends", "since", "until"),
        owner="station",
        owners="stations",
        key=("station", "staff", "weekdays", "starts", "since"),
        mine=f"(author IS NULL OR EXISTS (SELECT FROM stage_duty s WHERE {_SAME_SHIFT}))",
        carry=f"""
            UPDATE stage_duty s SET until = t.until FROM duty t WHERE {_SAME_SHIFT}
                AND t.ended_by IS NOT NULL AND (s.until IS NULL OR s.until > t.until)
        """,  # noqa: S608 (our own text)
    ),
    Child(
        name="duty_dates",
        table="duty_date",
        columns=("station", "date", "staff", "works", "starts", "ends"),
        owner="station",
        owners="stations",
        key=("station", "date", "staff", "starts"),
        mine="(author IS NULL OR (station, date, staff, starts)"
        " IN (SELECT station, date, staff, starts FROM stage_duty_dates))",
    ),
    Child(
        name="away",
        table="away",
        columns=("elder", "starts", "until"),
        fields=("elder", "start", "until"),
        owner="elder",
        owners="elders",
        key=("elder", "start"),
        mine="author IS NULL",
    ),
    Child(
        name="overrides",
        table="override",
        columns=("elder", "rule", "parameter", "value"),
        owner="elder",
        owners="elders",
        key=("elder", "rule", "parameter"),
    ),
)
