"""The MQTT source: one persistent session with manual acknowledgement, MQTT 3.1.1.

In reading order: source, session, connection, parse, packets; beside them markers and flight.
"""

from ingest.mqtt.session import BrokerAddress, SessionOptions
from ingest.mqtt.source import MqttSource

__all__ = ["BrokerAddress", "MqttSource", "SessionOptions"]
