"""Both processes answer Prometheus with what has really happened."""

import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from schemas import topics
from tests.support.registry import EAST, town
from tests.support.services import fresh_database
from tests.support.system import Client, system, until
from vigil.embedded import process
from vigil.embedded.postgres import Postgres


def scraped(port: int) -> dict[str, float]:
    """Series without labels, by name; empty while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    families = text_string_to_metric_families(text)
    return {s.name: s.value for family in families for s in family.samples if not s.labels}


def test_what_happened_is_counted(postgres: Postgres, tmp_path: Path) -> None:
    ingest, stations = process.free_port(), process.free_port()
    ports = {
        "VIGIL_METRICS__INGEST_PORT": str(ingest),
        "VIGIL_METRICS__STATIONS_PORT": str(stations),
    }
    with (
        fresh_database(postgres.dsn) as dsn,
        system(dsn, town(), tmp_path, **ports) as running,
    ):
        running.start("ingest")
        running.start("stations")
        until(running.caught_up)
        client = Client(running.broker)
        client.say(topics.up(EAST, "g1", "b1"), {"sos": "pressed"})
        client.say(topics.up(EAST, "g1", "m1"), b"{")
        until(lambda: scraped(ingest).get("vigil_ingest_messages_acknowledged_total") == 2)
        client.close()
        seen = scraped(ingest)
        assert seen["vigil_ingest_readings_committed_total"] == 1
        assert seen["vigil_ingest_rejects_total"] == 1
        assert seen["vigil_ingest_alert_changes_total"] == 1
        assert seen["vigil_ingest_active"] == seen["vigil_ingest_broker_connected"] == 1
        assert seen["vigil_ingest_commit_seconds_count"] >= 1
        until(lambda: scraped(ingest)["vigil_ingest_unacknowledged"] == 0)
        until(lambda: scraped(stations).get("vigil_stations_changes_total") == 1)
        until(lambda: scraped(stations)["vigil_store_upkeep_timestamp_seconds"] > 0)
