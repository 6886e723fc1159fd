"""The values of a binary frame as a profile names them: `battery:u8`, `serial:hex8`, `:skip2`."""

import re
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

_FORMATS = {"u8": "B", "i8": "b", "u16": "<H", "i16": "<h", "u32": "<I", "i32": "<i", "f32": "<f"}
_FORMATS |= {f"{name}be": ">" + form[-1] for name, form in _FORMATS.items() if form[0] == "<"}
_SIZED = re.compile(r"(hex|skip)(\d{1,3})")


class Item(NamedTuple):
    name: str
    size: int
    read: Callable[[bytes], Any] | None  # None: passed over


def parse_item(text: str) -> Item:
    """`battery:u8`, `serial:hex8`, `:skip2`; ValueError for other text."""
    name, colon, kind = text.partition(":")
    if colon and (form := _FORMATS.get(kind)):
        unpack = struct.Struct(form)
        return Item(name, unpack.size, lambda data: unpack.unpack(data)[0])
    if colon and (sized := _SIZED.fullmatch(kind)) and int(sized[2]):
        return Item(name, int(sized[2]), bytes.hex if sized[1] == "hex" else None)
    known = ", ".join([*_FORMATS, "hexN", "skipN"])
    raise ValueError(f"{text!r} is not name:type, where the type is one of {known}")
