"""The plain messages of a batch: canonical, of known devices in their place. All by columns.

Nearly every message of a fleet on our own topics is one. What is not plainly good is left to
`ingest.single`, which is the definition: a test holds the two to the same drafts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from devices import wire_batch
from devices.payload import Limits
from devices.wire_batch import Wire
from ingest.lookup import Lookup
from ingest.routes import Kind, Routes
from ingest.said import Said
from ingest.source import Mark, Messages
from schemas.readings import Flag, Int64


class Plain(NamedTuple):
    """`said`: the rows, their `received` still to be stamped. `message`: int64, of each row its
    message's place in the batch. `counts`: int64, rows of each message of the batch; 0 where it has
    to be read by itself. `unknown_keys`: how many keys meant nothing."""

    said: Said
    message: Int64
    counts: Int64
    unknown_keys: int


def read(
    messages: Messages, routes: Routes, lookup: Lookup, *, limits: Limits, nonce: int
) -> Plain:
    """`nonce` as for `devices.wire_batch.read`."""
    numbers = routes.of(messages.topics)
    kind = routes.kind(numbers)
    places = np.flatnonzero(kind != Kind.OTHER)
    if len(places) == len(messages):
        payloads, mine = messages.payloads, numbers.tolist()
    else:
        payloads = [messages.payloads[place] for place in places.tolist()]
        mine = numbers[places].tolist()
    own = [routes.own[number] for number in mine]
    wire = wire_batch.read(payloads, own, limits=limits, nonce=nonce)
    found = _place(wire, places, numbers, routes, lookup)
    said, message = _said(messages, found, wire)
    counts = np.bincount(message, minlength=len(messages))
    return Plain(said, message, counts, int(wire.unknown[counts[places] > 0].sum()))


class _Found(NamedTuple):
    """Of each reading: its message's place in the batch, and rows of the directory."""

    message: Int64
    device: NDArray[np.int32]
    elder: NDArray[np.int32]
    gateway: NDArray[np.int32]
    good: NDArray[np.bool_]


def _place(
    wire: Wire, places: Int64, numbers: NDArray[np.intp], routes: Routes, lookup: Lookup
) -> _Found:
    message = places[wire.message]
    device, elder, gateway = routes.rows(numbers[message])
    good = np.ones(len(message), np.bool_)
    if wire.device is not None:
        asked = np.flatnonzero(device < 0)
        ids = wire.device
        if len(asked) < len(ids):
            ids = [ids[row] for row in asked.tolist()]
        found = lookup.rows_of(ids)
        good[asked] = (found.device >= 0) & (found.gateway == gateway[asked])
        device[asked], elder[asked] = found.device, found.elder
        if not good.all():
            good &= ~np.isin(message, message[~good])  # of its message nothing is read here
    return _Found(message, device, elder, gateway, good)


def _said(messages: Messages, found: _Found, wire: Wire) -> tuple[Said, Int64]:
    flags = wire.flags | _flags(messages)[found.message]
    said = Said(
        received=messages.received[found.message],
        device=found.device,
        elder=found.elder,
        gateway=found.gateway,
        ts=wire.ts,
        key=wire.key,
        keyed=wire.key >= 0,
        online=np.full(len(wire.key), -1, np.int8),
        flags=flags,
        numbers=wire.numbers,
        codes=wire.codes,
    )
    if found.good.all():
        return said, found.message
    return said.take(found.good), found.message[found.good]


def _flags(messages: Messages) -> NDArray[np.int16]:
    flags = np.zeros(len(messages), np.int16)
    flags[messages.has(Mark.RETAIN)] |= np.int16(Flag.RETAINED)
    flags[messages.has(Mark.BACKLOG)] |= np.int16(Flag.BACKLOG)
    return flags
