"""I10: names, addresses, phones and what people typed leave the directory by no way but the
console and channels that may say them. Real processes; everything that leaves them is looked at."""

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from schemas import topics
from tests.support.registry import EAST, WEST, town
from tests.support.system import Client, System, system, until
from vigil.embedded import process

WORDS = ("老人", "幸福路", "钥匙", "女儿", "0571", "13900000001", "摔倒在厨房")
"""Of elders, homes, contacts, staff phones in the town below, and of a note."""


@contextmanager
def hook() -> Iterator[tuple[int, list[str]]]:
    """An HTTP receiver that takes everything; its port, and what came."""
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.rfile.read(int(self.headers["content-length"])).decode())
            answer = b'{"errcode":0}'
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, came
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def an_incident_from_end_to_end(running: System, client: Client) -> None:
    """A press, a fall, an unknown device, nonsense, a refused answer, a call and a closing."""
    at = time.time_ns() // 1_000_000
    client.say(topics.up(EAST, "g1", "b1"), {"ts": at, "seq": 1, "sos": "pressed"})
    client.say(topics.up(WEST, "g2", "r2"), {"ts": at, "seq": 1, "fall": "confirmed"})
    client.say(topics.up(EAST, "g1", "stranger"), {"ts": at, "sos": "pressed"})
    client.say(topics.up(EAST, "g1", "b1"), b"{nonsense")
    card = until(lambda: [c for c in client.cards() if c["home"] == "h1"])[0]
    answer = {"alert": card["alerts"][0], "staff": "east-1", "action": "acknowledge"}
    client.say(topics.station_acks("west"), answer)
    client.say(topics.station_acks("east"), answer)
    until(lambda: running.rows("SELECT 1 FROM incident WHERE holder = 'east-1'"))
    running.rows("UPDATE incident SET note = '摔倒在厨房' WHERE holder = 'east-1' RETURNING 1")
    close = answer | {"action": "close", "outcome": "genuine", "reached": "seen"}
    client.say(topics.station_acks("east"), close)
    until(lambda: [c for c in client.cards() if c["state"] == "closed"])
    until(lambda: running.rows("SELECT 1 FROM reject"))


def test_no_name_leaves_the_directory(database: str, tmp_path: Path) -> None:
    directory = town(homes=4)
    staff = tuple(s.model_copy(update={"phone": "13900000001"}) for s in directory.staff)
    ports = {name: process.free_port() for name in ("ingest", "stations")}
    with hook() as (port, told):
        url = f"http://127.0.0.1:{port}/in"
        channels = [
            {"kind": "webhook", "name": "hook", "url": url, "secret": "k" * 20},
            {"kind": "wecom", "name": "robot", "url": url},
        ]
        extra = {
            "VIGIL_STATIONS__CHANNELS": json.dumps(channels),
            **{f"VIGIL_METRICS__{name.upper()}_PORT": str(p) for name, p in ports.items()},
        }
        changed = directory.model_copy(update={"staff": staff})
        with system(database, changed, tmp_path, **extra) as running:
            everything = Client(running.broker, "#")
            running.start("ingest")
            running.start("stations")
            until(running.caught_up)
            until(lambda: any(topic == topics.HEARTBEAT for topic, _ in everything.heard))
            an_incident_from_end_to_end(running, everything)
            until(lambda: any('"vigil.incident.close"' in text for text in told))
            until(lambda: any("请接警" in text for text in told))
            left = {
                "topics": repr([(t, p.decode(errors="replace")) for t, p in everything.heard]),
                "events and pages": json.dumps([json.loads(t) for t in told], ensure_ascii=False),
                "metrics": "".join(metrics(p) for p in ports.values()),
                "outbox": repr(running.rows("SELECT payload FROM delivery")),
                "alerts": repr(running.rows("SELECT to_jsonb(alert) FROM alert")),
            }
            everything.close()
        left |= {f"log of {name}": running.log(name) for name in ports}
    for where, text in left.items():
        assert text, where
        assert [word for word in WORDS if word in text] == [], where
