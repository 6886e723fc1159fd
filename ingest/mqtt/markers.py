"""Our own markers: when they have come back on every subscription, the backlog is behind us.

A broker delivers a subscription in order, so that a marker published after subscribing comes
behind everything that waited. Filters may be served independently: each has a marker of its own.
"""

from __future__ import annotations

import secrets

import numpy as np

from ingest.mqtt import packets
from ingest.source import Messages
from schemas import topics

_SIGN = f"/{topics.MARKER_AREA}/".encode()
_STARTS = (f"vigil/v1/{topics.MARKER_AREA}/".encode(), f"native/{topics.MARKER_AREA}/".encode())


class Markers:
    """Of one client. Each connection has a new round; markers of an earlier one mean nothing."""

    def __init__(self, client_id: str) -> None:
        area = topics.MARKER_AREA
        self._topics = (
            topics.up(area, client_id),
            topics.up(area, client_id, "marker"),
            topics.status(area, client_id),
            topics.native(area, client_id, "marker"),
        )
        self._nonce = b""
        self._awaited: set[bytes] = set()

    def begin(self) -> None:
        """A new connection: all markers are awaited."""
        self._nonce = secrets.token_bytes(12)
        self._awaited = {topic.encode() for topic in self._topics}

    def packets(self, first: int) -> bytes:
        """What to publish once subscribed; packet ids from `first` on."""
        return b"".join(
            packets.publish(first + place, topic, self._nonce)
            for place, topic in enumerate(self._topics)
        )

    @property
    def awaited(self) -> list[str]:
        """Topics of the markers that have not come back."""
        return sorted(topic.decode() for topic in self._awaited)

    def sift(self, messages: Messages) -> tuple[Messages, Messages]:
        """Everybody else's messages, and the markers among them, which are noted."""
        if _SIGN not in b"".join(messages.topics):
            return messages, Messages.none()
        marks = np.array([topic.startswith(_STARTS) for topic in messages.topics], bool)
        markers = messages.take(marks)
        for topic, payload in zip(markers.topics, markers.payloads, strict=True):
            if payload == self._nonce:
                self._awaited.discard(topic)
        return messages.take(~marks), markers
