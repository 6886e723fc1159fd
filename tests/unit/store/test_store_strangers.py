"""What unknown devices have said and not yet ended, kept in the store."""

import psycopg

from schemas.times import DAY, MINUTE
from store.strangers import Run, StrangerKey, read_runs, write_runs

T = 1_768_000_000_000_000
KEY = StrangerKey("sos", "g", "d", test=False)
RUN = Run(T, T + 5 * MINUTE)


def test_a_run_is_read_until_its_end_is_written(connection: psycopg.Connection) -> None:
    assert read_runs(connection, [KEY]) == {}
    assert read_runs(connection, []) == {}
    write_runs(connection, [(KEY, RUN)])
    others = [KEY._replace(test=True), KEY._replace(rule="fall"), KEY._replace(gateway="h")]
    assert read_runs(connection, [*others, KEY, KEY]) == {KEY: RUN}
    longer = RUN._replace(until=RUN.until + 1)
    write_runs(connection, [(KEY, longer)])
    assert read_runs(connection, [KEY]) == {KEY: longer}
    write_runs(connection, [(KEY, None), (others[0], None)])
    assert read_runs(connection, [KEY]) == {}


def test_any_name_is_kept(connection: psycopg.Connection) -> None:
    keys = [StrangerKey("sos", name, name, test=False) for name in ("\0", "\ud800", "名", "")]
    write_runs(connection, [(key, RUN) for key in keys])
    assert read_runs(connection, keys) == dict.fromkeys(keys, RUN)


def test_what_is_long_over_is_forgotten(connection: psycopg.Connection) -> None:
    write_runs(connection, [(KEY, RUN)])
    later = Run(T + 2 * DAY, T + 2 * DAY + MINUTE)
    write_runs(connection, [(KEY._replace(device="e"), later)])
    assert read_runs(connection, [KEY]) == {}
