"""The directory: imported whole or not at all, with rows that are kept for ever."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import psycopg
import pytest

from schemas.directory import MODELS, Directory
from schemas.registry import Registry
from store.connect import connect
from store.directory import (
    DirectoryError,
    directory_version,
    import_directory,
    load_directory,
    load_registry,
    set_password,
)
from tests.support.directories import directory, folder

NOW = 1_780_000_000_000_000


def _without(name: str, id_: str, homes: int = 3) -> dict[str, Any]:
    rows = folder(homes)
    rows[name] = [row for row in rows[name] if row["id"] != id_]
    return rows


def _alone(homes: int) -> Directory:
    """Only the first `homes` of three."""
    return directory(homes)


def test_what_goes_in_comes_out(connection: psycopg.Connection) -> None:
    given = directory(5)
    done = import_directory(connection, given, now=NOW)
    assert (done.changed, done.retired, done.version) == (0, 0, 1)
    assert done.added == sum(len(getattr(given, name)) for name in MODELS)
    assert load_directory(connection) == given


def test_the_same_again_changes_only_the_version(connection: psycopg.Connection) -> None:
    import_directory(connection, directory(3), now=NOW)
    before = load_registry(connection)[1]
    assert import_directory(connection, directory(3), now=NOW) == (0, 0, 0, 2)
    assert directory_version(connection) == 2
    _assert_same(before, load_registry(connection)[1])


def test_updates_reach_the_rows_that_changed(connection: psycopg.Connection) -> None:
    import_directory(connection, directory(3), now=NOW)
    rows = folder(3)
    rows["elders"][1]["care_level"] = 4
    rows["elders"][1]["phone"] = "123"
    rows["devices"][0]["interval_s"] = 60
    rows["contacts"][0]["phone"] = "other"
    done = import_directory(connection, Directory.model_validate(rows), now=NOW)
    assert (done.added, done.changed, done.retired) == (1, 2, 1)
    assert load_directory(connection) == Directory.model_validate(rows)


def test_absent_rows_stay(connection: psycopg.Connection) -> None:
    import_directory(connection, directory(3), now=NOW)
    done = import_directory(connection, _alone(1), now=NOW)
    assert (done.added, done.changed, done.retired) == (0, 0, 0)
    assert load_directory(connection) == directory(3)


def test_prune_retires_what_is_absent(connection: psycopg.Connection) -> None:
    import_directory(connection, directory(3), now=NOW)
    done = import_directory(connection, _alone(1), now=NOW, prune=True)
    # Two homes, elders, gateways, contacts, and four devices.
    assert (done.added, done.changed, done.retired) == (0, 0, 12)
    assert load_directory(connection) == directory(1)
    retired = connection.execute(
        "SELECT id, retired_at FROM elder WHERE retired_at IS NOT NULL ORDER BY id"
    ).fetchall()
    assert [id_ for id_, _ in retired] == ["E1", "E2"]
    assert {when.timestamp() * 1_000_000 for _, when in retired} == {NOW}


def test_a_returning_id_has_its_old_row(connection: psycopg.Connection) -> None:
    import_directory(connection, directory(3), now=NOW)
    rows = load_registry(connection)[1].elders.row
    import_directory(connection, _alone(1), now=NOW, prune=True)
    more = directory(4)
    import_directory(connection, more, now=NOW)
    again = load_registry(connection)[1].elders.row
    assert {id_: again[id_] for id_ in rows} == rows
    assert again["E3"] == 3


def test_retired_rows_keep_their_place(connection: psycopg.Connection) -> None:
    import_directory(connection, directory(3), now=NOW)
    import_directory(connection, _alone(1), now=NOW, prune=True)
    version, registry = load_registry(connection)
    assert version == 2
    assert list(registry.elders.ids) == ["E0", "", ""]
    assert registry.elders.active.tolist() == [True, False, False]
    assert len(registry.devices.ids) == 6
    assert registry.devices.active.tolist() == [True, True] + [False] * 4


def test_many_imports_leave_no_holes_in_the_rows(connection: psycopg.Connection) -> None:
    for homes in (1, 1, 2, 2, 4):
        import_directory(connection, directory(homes), now=NOW)
    assert load_registry(connection)[1].elders.row == {f"E{n}": n for n in range(4)}


def test_the_registry_is_that_of_the_files(connection: psycopg.Connection) -> None:
    given = directory(5)
    import_directory(connection, given, now=NOW)
    version, registry = load_registry(connection)
    assert version == 1
    _assert_same(registry, Registry.build(given))


@pytest.mark.parametrize(
    ("name", "row", "words"),
    [
        (
            "contacts",
            {"elder": "E0", "name": "B", "relation": "x", "phone": "70", "priority": 1},
            r"contacts.csv: 2 rows of elder 'E0' have the same elder, priority, phone",
        ),
        (
            "overrides",
            {"elder": "E0", "rule": "sos", "parameter": "window_s", "value": "1"},
            r"overrides.csv: 2 rows of elder 'E0'",
        ),
        (
            "contacts",
            {"elder": "E0", "name": "B", "relation": "x", "phone": "9", "priority": 99_999},
            "out of range",
        ),
        ("homes", {"id": "H9", "area": "90010101", "address": "a\0b"}, "NUL"),
        (
            "areas",
            {"id": "1", "name": "Another top", "level": "city"},
            "several areas without a parent: '1', '9001'",
        ),
        ("stations", {"id": "S9", "name": "Lost", "area": "nowhere"}, "foreign key"),
    ],
)
def test_what_cannot_be_imported_leaves_no_trace(
    connection: psycopg.Connection, name: str, row: dict[str, Any], words: str
) -> None:
    import_directory(connection, directory(2), now=NOW)
    rows = folder(3)
    rows[name] = [*rows[name], row]
    with pytest.raises(DirectoryError, match=words):
        import_directory(connection, Directory.model_validate(rows), now=NOW)
    assert load_directory(connection) == directory(2)
    assert directory_version(connection) == 1


def test_errors_do_not_repeat_personal_data(connection: psycopg.Connection) -> None:
    rows = folder(1)
    rows["contacts"][0] |= {"phone": "secret-number", "name": "Secret Name", "priority": 70_000}
    with pytest.raises(DirectoryError) as caught:
        import_directory(connection, Directory.model_validate(rows), now=NOW)
    assert "secret" not in str(caught.value).lower()


def test_children_are_replaced_for_present_owners_only(connection: psycopg.Connection) -> None:
    import_directory(connection, directory(2), now=NOW)
    rows = folder(1)
    rows["contacts"], rows["away"], rows["overrides"] = [], [], []
    import_directory(connection, Directory.model_validate(rows), now=NOW)
    left = load_directory(connection)
    assert [c.elder for c in left.contacts] == ["E1"]
    assert (left.away, left.overrides) == ((), ())


def test_a_retired_elders_family_is_forgotten(connection: psycopg.Connection) -> None:
    import_directory(connection, directory(2), now=NOW)
    import_directory(connection, Directory.model_validate(_orphaned(2, "E1")), now=NOW, prune=True)
    assert connection.execute("SELECT DISTINCT elder FROM contact").fetchall() == [("E0",)]


def _orphaned(homes: int, elder: str) -> dict[str, Any]:
    rows = _without("elders", elder, homes)
    rows["devices"] = [d for d in rows["devices"] if d["elder"] != elder]
    rows["contacts"] = [c for c in rows["contacts"] if c["elder"] != elder]
    return rows


def test_importers_wait_for_each_other(database: str, connection: psycopg.Connection) -> None:
    def run(homes: int) -> int:
        with connect(database, application="vigil test") as own:
            return import_directory(own, directory(homes), now=NOW).version

    with ThreadPoolExecutor(3) as pool:
        versions = sorted(pool.map(run, (1, 2, 3)))
    assert versions == [1, 2, 3]
    assert load_directory(connection) == directory(3)


def test_a_password_needs_somebody(connection: psycopg.Connection) -> None:
    import_directory(connection, directory(1), now=NOW)
    set_password(connection, "W1", "hash")
    assert connection.execute("SELECT password_hash FROM staff").fetchall() == [("hash",)]
    import_directory(connection, directory(1), now=NOW)
    assert connection.execute("SELECT password_hash FROM staff").fetchall() == [("hash",)]
    with pytest.raises(LookupError, match="W2"):
        set_password(connection, "W2", "hash")


def test_the_registry_asks_for_no_names(connection: psycopg.Connection, database: str) -> None:
    """I10, by the rights of a role that may not read them."""
    import_directory(connection, directory(1), now=NOW)
    role = f"r_{connection.info.dbname}"
    connection.execute(f"CREATE ROLE {role}".encode())
    try:
        for table, columns in _GRANTS.items():
            connection.execute(f"GRANT SELECT ({columns}) ON {table} TO {role}".encode())
        with connect(database, application="vigil test") as limited:
            limited.execute(f"SET ROLE {role}".encode())
            load_registry(limited)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                load_directory(limited)
    finally:
        connection.execute(f"DROP OWNED BY {role}".encode())
        connection.execute(f"DROP ROLE {role}".encode())


_GRANTS = {
    "directory_version": "version",
    "area": "id, parent, zone, retired_at",
    "home": "id, row, area, retired_at",
    "elder": "id, row, home, living, care_level, zone, retired_at",
    "gateway": "id, row, area, retired_at",
    "device": "id, row, kind, profile, gateway, elder, home, location, interval_s, retired_at",
    "override": "elder, rule, parameter, value",
    "away": "elder, starts, until",
}


def _assert_same(one: Registry, other: Registry) -> None:
    for part in ("devices", "elders", "homes", "gateways"):
        mine, theirs = vars(getattr(one, part)), vars(getattr(other, part))
        for name in mine.keys() | theirs.keys():
            assert np.array_equal(mine[name], theirs[name]), (part, name)
    assert (one.overrides, one.away) == (other.overrides, other.away)
