"""TimescaleDB follows the settings: chunks, columns, policies; and again with other settings."""

from datetime import timedelta
from typing import Any

import numpy as np
import psycopg
import pytest

from schemas.readings import Readings
from schemas.times import DAY, HOUR, MINUTE
from store.migrate import flavour
from store.presets import PRESETS, apply
from store.readings import read_range, write
from store.settings import StoreSettings
from tests.support.columns import START, assert_equal, random_readings

_JOBS = """
SELECT proc_name, coalesce(v.view_name::text, j.hypertable_name::text), config FROM
timescaledb_information.jobs j
LEFT JOIN timescaledb_information.continuous_aggregates v
    ON v.materialization_hypertable_name = j.hypertable_name
WHERE j.hypertable_name IS NOT NULL
"""


@pytest.fixture
def timescale(connection: psycopg.Connection) -> psycopg.Connection:
    if flavour(connection) != "timescaledb":
        assert apply(connection, StoreSettings()) == []
        pytest.skip("plain PostgreSQL needs no telling")
    return connection


def _jobs(connection: psycopg.Connection) -> dict[tuple[str, str], dict[str, Any]]:
    return {(proc, name): config for proc, name, config in connection.execute(_JOBS)}


def _run(connection: psycopg.Connection, proc: str) -> None:
    """What the background would do in its time."""
    jobs = connection.execute(
        "SELECT job_id FROM timescaledb_information.jobs"
        " WHERE proc_name = %s AND hypertable_name = 'reading'",
        [proc],
    ).fetchall()
    for (job,) in jobs:
        connection.execute("CALL run_job(%s)", [job])


@pytest.mark.parametrize("preset", PRESETS)
def test_every_part_has_its_policies(timescale: psycopg.Connection, preset: str) -> None:
    settings = StoreSettings.model_validate({"preset": preset, "reading_days": 20})
    apply(timescale, settings)
    jobs = _jobs(timescale)
    kept = {name for proc, name in jobs if proc == "policy_retention"}
    assert kept == {"reading", "minute", "hour", "night_half"}
    refreshed = {n for proc, n in jobs if proc == "policy_refresh_continuous_aggregate"}
    assert refreshed == {"minute", "hour", "night_half"}
    compressed = {name for proc, name in jobs if proc == "policy_compression"}
    assert compressed == {"reading", "minute", "hour"}
    assert jobs["policy_retention", "reading"]["drop_after"] == "20 days"


def _interval(connection: psycopg.Connection) -> timedelta:
    row = connection.execute(
        "SELECT time_interval FROM timescaledb_information.dimensions"
        " WHERE hypertable_name = 'reading'"
    ).fetchone()
    assert row is not None
    interval: timedelta = row[0]
    return interval


def test_from_one_preset_to_the_other_and_back(timescale: psycopg.Connection) -> None:
    """With chunks of the old kind there, compressed; nothing is lost, and late rows still come."""
    parts = []
    for place, preset in enumerate(("district", "city", "district")):
        apply(timescale, StoreSettings.model_validate({"preset": preset}))
        assert _interval(timescale) == PRESETS[preset].chunk
        rows = random_readings(np.random.default_rng(place), 300, start=START + place * 3 * HOUR)
        write(timescale, rows)
        parts.append(rows)
        timescale.execute("SELECT compress_chunk(c, true) FROM show_chunks('reading') c")
    late = random_readings(np.random.default_rng(9), 100, start=START + 4 * HOUR)
    late.received[:] += 20 * HOUR
    assert write(timescale, late).all()
    stored = Readings.concat(list(read_range(timescale, START - DAY, START + DAY * 2)))
    assert_equal(stored, Readings.concat([*parts, late]))
    assert len(_jobs(timescale)) == 10


def test_the_jobs_do_what_they_say(timescale: psycopg.Connection) -> None:
    """By the server's clock: what is months old is compressed and then dropped."""
    rows = random_readings(np.random.default_rng(5), 400)
    write(timescale, rows)
    apply(timescale, StoreSettings(reading_days=36500))
    _run(timescale, "policy_compression")
    row = timescale.execute(
        "SELECT bool_and(is_compressed) FROM timescaledb_information.chunks"
        " WHERE hypertable_name = 'reading'"
    ).fetchone()
    assert row == (True,)
    assert_equal(Readings.concat(list(read_range(timescale, START, START + MINUTE))), rows)
    apply(timescale, StoreSettings(reading_days=10))
    _run(timescale, "policy_retention")
    assert timescale.execute("SELECT count(*) FROM reading").fetchone() == (0,)
