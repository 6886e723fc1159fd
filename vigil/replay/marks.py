"""What ingest's own recording says beside its messages, so that a replay gives the same alerts.

A message may carry `backlog` (received while catching up: time stood still) and `heard` (it had
gone ahead of the store, and is read as of then). Two marks stand between messages, on topics of
ingest's own area, which every reader of captures passes over: `resumed` (it had caught up) and
`advanced` (time went on without a message). Their time is the line's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from schemas import topics
from schemas.capture import Captured, CaptureError, parse_line

RESUMED = topics.up(topics.MARKER_AREA, "recorder", "resumed")
ADVANCED = topics.up(topics.MARKER_AREA, "recorder", "advanced")


class Mark(NamedTuple):
    """Between messages; times in µs UTC."""

    resumed: int | None = None
    advanced: int | None = None


class Problem(NamedTuple):
    """A line that could not be read; the rest continued."""

    line: int
    message: str


Item = Captured | Mark


def read_capture(lines: Iterable[bytes], problems: list[Problem]) -> Iterator[Item]:
    """The messages of a capture, without ingest's own markers; broken lines go to `problems`."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            message = parse_line(line)
        except CaptureError as error:
            problems.append(Problem(number, str(error)))
            continue
        if topics.MARKER_AREA not in message.topic.split("/", 4)[:4]:
            yield message
        elif message.topic == RESUMED:
            yield Mark(resumed=message.received)
        elif message.topic == ADVANCED:
            yield Mark(advanced=message.received)


def mark_line(topic: str, at: int) -> Captured:
    """A mark as the line that `read_capture` understands."""
    return Captured(at, topic, b"", 0, retain=False)
