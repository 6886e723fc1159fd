"""The script one writes in an afternoon: paho with manual acknowledgement, COPY, acknowledge.

No key, no rules, no rejects, no redelivery filter, no memory of anything: it does much less than
an ingest must, and is the bar to clear. Run as `python -m bench.peers.plain_script PORT DSN`; says
`ready` once subscribed, and goes on until it is killed.
"""

import sys
import threading
from typing import Any

import msgspec
import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

TABLE = """
CREATE TABLE IF NOT EXISTS plain (
    topic text, ts bigint, seq bigint, in_bed boolean,
    heart_rate real, respiratory_rate real, movement real
)
"""
_COPY = "COPY plain FROM STDIN"
_FIELDS = ("ts", "seq", "in_bed", "heart_rate", "respiratory_rate", "movement")
_BATCH, _AGE_S = 5_000, 0.005

Message = tuple[str, bytes, int, int]
"""Topic, payload, packet id, QoS."""


class Inbox:
    """Between paho's thread and ours."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._changed = threading.Condition()

    def on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        with self._changed:
            self._messages.append((message.topic, bytes(message.payload), message.mid, message.qos))
            self._changed.notify()

    def take(self) -> list[Message]:
        with self._changed:
            self._changed.wait_for(lambda: self._messages)
            self._changed.wait_for(lambda: len(self._messages) >= _BATCH, _AGE_S)
            taken, self._messages = self._messages[:_BATCH], self._messages[_BATCH:]
            return taken


def rows(messages: list[Message]) -> str:
    """COPY's text format."""
    decode = msgspec.json.Decoder().decode
    lines = []
    for topic, payload, _mid, _qos in messages:
        content = decode(payload)
        for reading in content if isinstance(content, list) else [content]:
            values = [str(reading.get(field, "\\N")) for field in _FIELDS]
            lines.append("\t".join([topic, *values]))
    return "\n".join(lines) + "\n"


def main() -> None:
    port, dsn = int(sys.argv[1]), sys.argv[2]
    inbox = Inbox()
    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id="plain", clean_session=False, manual_ack=True
    )
    client.on_message = inbox.on_message
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.on_connect = lambda client, *_: client.subscribe("vigil/#", qos=1)
    with psycopg.connect(dsn) as connection:
        connection.execute(TABLE)
        connection.commit()
        client.connect("127.0.0.1", port)
        client.loop_start()
        while True:
            messages = inbox.take()
            with connection.transaction(), connection.cursor().copy(_COPY) as copy:
                copy.write(rows(messages))
            for _topic, _payload, mid, qos in messages:
                client.ack(mid, qos)


if __name__ == "__main__":
    main()
