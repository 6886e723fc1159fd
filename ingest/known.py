"""What ingest knows of the messages that are committed: how far it is, and which may come again."""

from __future__ import annotations

import secrets

import numpy as np
from numpy.typing import NDArray

from ingest.batch import Work
from ingest.log import CommittedPackets, Entry
from ingest.source import Mark, Messages


class Known:
    """Of one partition. Packet ids mean something only in the broker's session that gave them."""

    def __init__(self) -> None:
        self._packets = CommittedPackets()
        self._session = 0
        self.session_name = secrets.token_hex(8)
        """Names the broker's session in the batch log, over restarts."""
        self.last_received = 0
        """The largest `received` given so far (µs)."""

    def remember(self, entry: Entry) -> None:
        """A batch of the log, at a start; the log's last session may be the present one."""
        self.last_received = max(self.last_received, entry.last_received)
        if entry.session != self.session_name:
            self._packets.forget()
            self.session_name = entry.session
        self._packets.add(entry.known())

    def repeated(self, messages: Messages) -> NDArray[np.bool_]:
        """Which of them are redeliveries of what is committed: bool, one each."""
        if messages.session != self._session and messages.has(Mark.QOS1).any():
            self._session, self.session_name = messages.session, secrets.token_hex(8)
            self._packets.forget()
        return self._packets.repeated(messages)

    def add(self, work: Work) -> None:
        """It is committed."""
        self.last_received = work.draft.last_received
        self._packets.add(work.packets)
