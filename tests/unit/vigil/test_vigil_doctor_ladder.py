"""vigil doctor says which ladder holds."""

from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from stations.ladder import Ladder
from store.connect import connect
from store.settings import StoreSettings
from tests.support.desk import fresh_store
from vigil.clock import SystemClock
from vigil.doctor.finding import Finding
from vigil.doctor.store import store
from vigil.embedded.postgres import Postgres
from vigil.settings import Settings

WHEN = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def _found(dsn: str) -> Finding:
    settings = Settings(store=StoreSettings(dsn=dsn))
    return next(f for f in store(settings, SystemClock()) if f.what == "ladder")


@pytest.mark.parametrize(
    ("ladder", "level", "said"),
    [
        (Ladder().model_dump(mode="json"), "ok", "version 1, set in the console by city-1 on 2026"),
        (None, "ok", "as the settings say"),
        ({"red": {"rungs": []}}, "bad", "cannot be read"),
    ],
)
def test_which_ladder_holds(postgres: Postgres, ladder: Any, level: str, said: str) -> None:
    with fresh_store(postgres.dsn) as dsn:
        assert _found(dsn).found == "as the settings say"
        with connect(dsn, application="test") as connection:
            connection.execute(
                "INSERT INTO ladder_change VALUES (1, %s, 'city-1', 'x', %s)",
                [WHEN, None if ladder is None else Jsonb(ladder)],
            )
        found = _found(dsn)
        assert (found.level, said in found.found) == (level, True), found
