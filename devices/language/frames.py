"""Binary frames, by a table: bytes → named numbers.

LoRaWAN models often send a run of entries, each a tag (channel and type, say) followed by values of
known length. A profile's `[[message.frame]]` lists them, so that such a model needs no code. An
entry without a tag is the layout of a whole frame.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from devices.decoded import DecodeError, show
from devices.language import spec
from devices.language.binary import Item, parse_item
from devices.language.paths import compile_paths, fold
from devices.message import Incoming

Unpack = Callable[[Incoming], None]
"""Adds the frame's values to `message.root`, and what could not be read to `message.faults`.

DecodeError where nothing could be read: a newer firmware's entry at the end loses nothing else."""


def compile_frame(frame: spec.Frame, *, folded: bool) -> Unpack:
    get = compile_paths(frame.at, folded=folded)
    unless = compile_paths(frame.unless, folded=folded) if frame.unless else None
    into = fold(frame.into) if folded else frame.into
    decode = _base64 if frame.encoding == "base64" else _hex
    read = _reader(frame, folded=folded)

    def unpack(message: Incoming) -> None:
        root = message.root
        raw = get(root, message)
        if raw is None or type(root) is not dict or (unless and unless(root, message)):
            return
        values: dict[str, Any] = {}
        try:
            read(decode(raw), values)
        except DecodeError as error:
            if not values:
                raise
            message.faults = [*message.faults, error]
        message.root = root | {into: values}

    return unpack


def _base64(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise DecodeError("frame", f"not base64: {show(text)}") from None


def _hex(text: Any) -> bytes:
    try:
        return bytes.fromhex(text)
    except (ValueError, TypeError):
        raise DecodeError("frame", f"not hexadecimal: {show(text)}") from None


def _reader(frame: spec.Frame, *, folded: bool) -> Callable[[bytes, dict[str, Any]], None]:
    entries: dict[bytes, tuple[str | None, list[Item]]] = {}
    for entry in frame.entries:
        items = [parse_item(text) for text in entry.read]
        array = entry.list_
        if folded:
            items = [item._replace(name=fold(item.name)) for item in items]
            array = array and fold(array)
        entries[bytes.fromhex(entry.tag)] = array, items
    tags = sorted({len(tag) for tag in entries}, reverse=True)

    def read(data: bytes, values: dict[str, Any]) -> None:
        """Of a tag that comes twice the last one counts; raises at the first unknown tag."""
        at = 0
        while at < len(data):
            tag = next((t for n in tags if (t := data[at : at + n]) in entries), None)
            if tag is None or (not tag and at):
                raise DecodeError("frame", f"no entry of the profile reads {show(data[at:].hex())}")
            array, items = entries[tag]
            here = values
            if array is not None:
                values.setdefault(array, []).append(here := {})
            at = _read_items(items, data, at + len(tag), here)

    return read


def _read_items(items: list[Item], data: bytes, at: int, values: dict[str, Any]) -> int:
    for item in items:
        end = at + item.size
        if end > len(data):
            raise DecodeError("frame", f"the frame ends within `{item.name}`")
        if item.read is not None:
            values[item.name] = item.read(data[at:end])
        at = end
    return at
