"""What ingest may be given to keep a recording of what it commits, for replays."""

from typing import Protocol

from ingest.source import Messages


class Recorder(Protocol):
    """Told in the order of commits. Must not raise, nor keep ingest waiting."""

    def committed(
        self,
        messages: Messages,
        *,
        heard: int | None,
        resumed: int | None,
        advanced: int | None,
    ) -> None:
        """These messages are committed. `heard`: their one message had gone ahead of the store
        then (µs UTC); behind them time ran on at `resumed`, or went on to `advanced`."""

    def close(self) -> None: ...


class NoRecorder:
    """Keeps nothing."""

    def committed(
        self,
        messages: Messages,
        *,
        heard: int | None,
        resumed: int | None,
        advanced: int | None,
    ) -> None:
        pass

    def close(self) -> None:
        pass
