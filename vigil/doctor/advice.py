"""The exact line to set, for the broker that is there."""

from typing import NamedTuple

from ingest.mqtt import BrokerAddress
from vigil.doctor.probe import Probe

_VERSION = "$SYS/broker/version"


class Advice(NamedTuple):
    """Sentences that end a finding."""

    broker: str
    """What it calls itself, or that it does not say."""
    queue: str
    window: str
    keep_sessions: str
    persistence: str
    size: str
    accounts: str


def _mosquitto(name: str, window: int) -> Advice:
    return Advice(
        name,
        queue="in mosquitto.conf: max_queued_messages 0",
        window=f"in mosquitto.conf: max_inflight_messages {window}",
        keep_sessions="in mosquitto.conf: persistent_client_expiration 14d",
        persistence="in mosquitto.conf: persistence true, and autosave_interval 1",
        size="in mosquitto.conf: message_size_limit 8388608",
        accounts="in mosquitto.conf: allow_anonymous false, password_file and acl_file; "
        "`vigil broker config` writes all three",
    )


def _other(window: int) -> Advice:
    return Advice(
        "a broker that does not say its name",
        queue="give a client's queue no limit (Mosquitto: max_queued_messages 0; NATS: no max_msgs "
        "on $MQTT_msgs; EMQX: mqtt.max_mqueue_len infinity)",
        window="widen what may be in flight (Mosquitto: max_inflight_messages; NATS: mqtt "
        f"{{ max_ack_pending }}, at most 8191; EMQX: mqtt.max_inflight) to {window}",
        keep_sessions="let persistent sessions live for days (EMQX: mqtt.session_expiry_interval)",
        persistence="NATS keeps them in JetStream's store_dir: set sync_interval: always on a "
        "single server, or use three; other brokers: switch persistence on",
        size="let messages be larger (NATS: max_payload 8388608)",
        accounts="make accounts that bind each gateway to its own topics: `vigil broker config`",
    )


def advice(address: BrokerAddress, *, window: int) -> Advice:
    """Mosquitto says its name to whoever may read $SYS; ProbeError or OSError if nobody is there.

    `window`: messages that should fit in flight.
    """
    with Probe(address) as session:
        if not session.subscribe(_VERSION):
            session.listen(1, silence=0.3)
        named = [message.payload.decode("utf-8", "replace") for message in session.heard]
    if named and named[0].startswith("mosquitto"):
        return _mosquitto(named[0], window)
    return _other(window)
