"""A message whose alert went out ahead is read as of when it was heard, and stored in its turn.

What it says of time (relative times, whether its clock can be believed, the received time where
it says none) is settled by when it was first heard: so its alert has the onset, and the id, that
went out. Its rows keep their place in the order of `received`, by which a replay reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ingest import batch as batches
from ingest.batch import Work
from ingest.decode import Decoder
from ingest.emergency.ledger import Ledger
from ingest.log import digest
from ingest.source import Messages


class Part(NamedTuple):
    """Messages that are committed together."""

    messages: Messages
    heard: int | None
    """When (µs UTC) its one message was heard first, if that was ahead of the store."""


def parts(messages: Messages, ledger: Ledger) -> Iterator[Part]:
    """The messages in their order; each that was heard ahead by itself, the others between."""
    behind = 0
    for place, (topic, payload) in enumerate(zip(messages.topics, messages.payloads, strict=True)):
        if not ledger.concerns(topic.decode("utf-8", "replace")):
            continue
        one = messages[place]
        heard = ledger.claim(digest(topic, payload).hex(), one.received, qos=one.qos)
        if heard is None:
            continue
        if place > behind:
            yield Part(messages.take(slice(behind, place)), None)
        yield Part(messages.take(slice(place, place + 1)), heard)
        behind = place + 1
    if behind < len(messages):
        yield Part(messages.take(slice(behind, None)), None)


def prepare(
    decoder: Decoder,
    part: Part,
    *,
    after: int,
    resumed: int | None,
    advanced: int | None,
) -> Work:
    """As `ingest.batch.prepare`."""
    messages, heard = part
    if heard is None:
        return batches.prepare(decoder, messages, after=after, resumed=resumed, advanced=advanced)
    then = replace(messages, received=np.array([heard], np.int64))
    work = batches.prepare(decoder, then, after=heard - 1, resumed=resumed, advanced=advanced)
    first = max(int(messages.received[0]), after + 1)
    return _moved(work, first - heard)._replace(messages=messages)


def _moved(work: Work, by: int) -> Work:
    """The same rows, `received` so many µs later; what they say of time stays."""
    draft = work.draft
    draft = replace(
        draft,
        said=replace(draft.said, received=draft.said.received + by),
        rejects=[r._replace(received=r.received + by) for r in draft.rejects],
        quarantined=[q._replace(received=q.received + by) for q in draft.quarantined],
        last_received=draft.last_received + by,
    )
    columns = replace(work.columns, received=work.columns.received + by)
    return work._replace(draft=draft, columns=columns)
