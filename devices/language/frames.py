"""Binary frames, by a table: bytes → named numbers.

LoRaWAN models often send a run of entries, each a tag (channel and type, say) followed by values of
known length. A profile's `[[message.frame]]` lists them, so that such a model needs no code. An
entry without a tag is the layout of a whole frame.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from devices.decoded import DecodeError, show
from devices.language import spec
from devices.language.binary import Item, Unpack, compile_items, parse_item
from devices.language.paths import compile_paths, fold
from devices.message import Incoming

Open = Callable[[Incoming], None]
"""Adds the frame's values to `message.root`, and what could not be read to `message.faults`.

DecodeError where nothing could be read: a newer firmware's entry at the end loses nothing else."""


def compile_frame(frame: spec.Frame, *, folded: bool) -> Open:
    get = compile_paths(frame.at, folded=folded)
    unless = compile_paths(frame.unless, folded=folded) if frame.unless else None
    into = fold(frame.into) if folded else frame.into
    decode = _base64 if frame.encoding == "base64" else _hex
    read = _reader(frame, folded=folded)

    def unpack(message: Incoming) -> None:
        root = message.root
        if (unless and unless(root, message)) or (raw := get(root, message)) is None:
            return
        if type(root) is not dict:  # the frame is the payload, as text
            root = {}
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


class _Entry(NamedTuple):
    array: str | None
    items: list[Item]
    size: int
    unpack: Unpack


def _reader(frame: spec.Frame, *, folded: bool) -> Callable[[bytes, dict[str, Any]], None]:
    entries = {bytes.fromhex(e.tag): _entry(e, folded=folded) for e in frame.entries}
    lengths = sorted({len(tag) for tag in entries}, reverse=True)

    def read(data: bytes, values: dict[str, Any]) -> None:
        """Of a tag that comes twice the last one counts; raises at the first unknown tag."""
        at = 0
        while at < len(data):
            for length in lengths:
                if (entry := entries.get(data[at : at + length])) is not None:
                    break
            if entry is None or (not length and at):
                raise DecodeError("frame", f"no entry of the profile reads {show(data[at:].hex())}")
            at += length
            here = values
            if entry.array is not None:
                values.setdefault(entry.array, []).append(here := {})
            if at + entry.size > len(data):
                _read_what_is_there(entry.items, data, at, here)
            entry.unpack(data, at, here)
            at += entry.size

    return read


def _entry(entry: spec.Entry, *, folded: bool) -> _Entry:
    items = [parse_item(text) for text in entry.read]
    array = entry.list_
    if folded:
        items = [item._replace(name=fold(item.name)) for item in items]
        array = array and fold(array)
    return _Entry(array, items, sum(item.size for item in items), compile_items(items))


def _read_what_is_there(
    items: list[Item], data: bytes, at: int, values: dict[str, Any]
) -> NoReturn:
    """An entry that is cut off: its first values count; DecodeError names the first that is not
    whole."""
    for item in items:
        if at + item.size > len(data):
            raise DecodeError("frame", f"the frame ends within `{item.name}`")
        compile_items([item])(data, at, values)
        at += item.size
    raise AssertionError("the entry was not cut off")
