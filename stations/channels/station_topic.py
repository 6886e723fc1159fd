"""Cards on a station's own topic, for its terminals: MQTT QoS 1."""

import json
from datetime import timedelta

from schemas import topics
from stations.channels.base import Message, SendError
from stations.mqtt import Link, LinkDown


class StationTopic:
    """Taken means acknowledged by the broker. A card names its incident and revision, which no
    other card of that station has: terminals tell a repetition by them, so `key` is not sent."""

    name = "station_topic"
    per_minute: int | None = None
    gives_up: timedelta | None = None

    def __init__(self, link: Link) -> None:
        self._link = link

    async def ready(self) -> None:
        await self._link.ready()

    async def send(self, message: Message) -> None:
        card = json.dumps(message.payload, ensure_ascii=False, separators=(",", ":"))
        try:
            await self._link.publish(topics.station_alerts(message.target), card.encode())
        except LinkDown as error:
            raise SendError(str(error)) from error
