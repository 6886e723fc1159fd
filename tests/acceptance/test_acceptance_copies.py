"""Two copies of the stations as real processes: one is killed in the middle of a climb."""

import time
from pathlib import Path

from schemas import topics
from stations.ladder import Ladder
from store import alerts
from tests.support.night import raised
from tests.support.registry import town
from tests.support.services import fresh_database
from tests.support.system import Client, System, system, until
from vigil.embedded.postgres import Postgres
from vigil.embedded.process import free_port

STREET_S = 3
LADDER = Ladder.model_validate(
    {
        "red": {
            "rungs": [
                {"level": "community", "after_s": 0},
                {"level": "street", "after_s": STREET_S},
            ],
            "repeat_s": 60,
            "step_s": 60,
        }
    }
)


def _start(running: System, name: str) -> None:
    port = {"VIGIL_STATIONS__CONSOLE_PORT": str(free_port())}
    running.start("stations", copy=name, VIGIL_STATIONS__NAME=name, **port)


def test_when_one_is_killed_the_other_takes_the_next_rung_on_time(
    postgres: Postgres, tmp_path: Path
) -> None:
    red = LADDER.model_dump_json(include={"red"})
    with (
        fresh_database(postgres.dsn) as dsn,
        system(dsn, town(homes=2), tmp_path, VIGIL_STATIONS__LADDER=red) as running,
    ):
        client = Client(running.broker, topics.HEARTBEAT, topics.station_alerts("+"))
        for name in ("one", "two"):
            _start(running, name)
        until(lambda: len(client.heard) >= 2)  # each has said that it lives
        with running.sql() as connection:
            alerts.write_changes(connection, [raised()], raised=time.time_ns() // 1_000)
        until(client.cards)
        running.kill("stationsone")
        until(lambda: any(card["station"] == "street" for card in client.cards()))
        (late,) = running.rows(
            "SELECT extract(epoch FROM s.joined_at - i.opened_at) FROM incident i"
            " JOIN incident_station s ON s.incident = i.id AND s.station = 'street'"
        )
        assert late[0] >= STREET_S
        paged = running.rows("SELECT detail FROM alert_event WHERE kind = 'paged' ORDER BY id")
        assert [[p["station"] for p in d["pages"]] for (d,) in paged] == [["east"], ["street"]]

        def keys() -> set[tuple[str, str, int]]:
            return {(c["station"], c["incident"], c["revision"]) for c in client.cards()}

        until(lambda: len(keys()) >= 3)
        assert len(keys()) == 3  # east's two and the street's; what came twice has its key
        client.close()
