"""What devices that the registry does not know have said and not yet ended.

Read and written in the transaction that stores what they said, so that a restart changes nothing.
"""

from collections.abc import Iterable
from typing import NamedTuple

import psycopg

from schemas.times import DAY, from_micros, to_micros
from store.text import clean


class StrangerKey(NamedTuple):
    """What makes two emergencies of an unknown device the same. A test is never a real one."""

    rule: str
    gateway: str
    device: str
    test: bool


class Run(NamedTuple):
    """A state that repeats: when it was said last, and until when it then holds (µs UTC)."""

    said: int
    until: int


_FORGOTTEN_AFTER = DAY


def read_runs(
    connection: psycopg.Connection, keys: Iterable[StrangerKey]
) -> dict[StrangerKey, Run]:
    """Those of the keys that are open, and only theirs."""
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        return {}
    rules, gateways, devices, tests = zip(*wanted, strict=True)
    found = connection.execute(
        """
        SELECT place, said, until
        FROM unnest(%s::text[], %s::text[], %s::text[], %s::boolean[])
             WITH ORDINALITY AS wanted (rule, gateway_id, device_id, test, place)
        JOIN stranger_run USING (rule, gateway_id, device_id, test)
        """,
        [list(rules), list(map(clean, gateways)), list(map(clean, devices)), list(tests)],
    ).fetchall()
    return {wanted[place - 1]: Run(to_micros(s), to_micros(u)) for place, s, u in found}


def write_runs(
    connection: psycopg.Connection, runs: Iterable[tuple[StrangerKey, Run | None]]
) -> None:
    """Each as it is now, None where it has ended. What is long over is forgotten on the way."""
    begun = [(*_columns(key), run) for key, run in runs if run is not None]
    ended = [_columns(key) for key, run in runs if run is None]
    with connection.cursor() as cursor:
        if ended:
            cursor.executemany(
                """
                DELETE FROM stranger_run
                WHERE rule = %s AND gateway_id = %s AND device_id = %s AND test = %s
                """,
                ended,
            )
        if begun:
            cursor.executemany(
                """
                INSERT INTO stranger_run (rule, gateway_id, device_id, test, said, until)
                VALUES (%s, %s, %s, %s, %s, %s)
                ON CONFLICT (rule, gateway_id, device_id, test)
                DO UPDATE SET said = excluded.said, until = excluded.until
                """,
                [(*key, from_micros(run.said), from_micros(run.until)) for *key, run in begun],
            )
            newest = max(run.until for *_, run in begun)
            cursor.execute(
                "DELETE FROM stranger_run WHERE until < %s",
                [from_micros(newest - _FORGOTTEN_AFTER)],
            )


def _columns(key: StrangerKey) -> tuple[str, str, str, bool]:
    return key.rule, clean(key.gateway), clean(key.device), key.test
