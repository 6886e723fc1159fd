"""The values of a binary frame as a profile names them: `battery:u8`, `serial:hex8`, `:skip2`."""

import re
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

_FORMATS = {"u8": "B", "i8": "b", "u16": "<H", "i16": "<h", "u32": "<I", "i32": "<i", "f32": "<f"}
_FORMATS |= {f"{name}be": ">" + form[-1] for name, form in _FORMATS.items() if form[0] == "<"}
_FACTOR = re.compile(r"\d{1,9}(\.\d{1,9})?")
_SIZED = re.compile(r"(hex|skip)(\d{1,3})")


class Item(NamedTuple):
    name: str
    size: int
    read: Callable[[bytes], Any] | None  # None: passed over


def parse_item(text: str) -> Item:
    """`battery:u8`, `rate:u16*0.01`, `serial:hex8`, `:skip2`; ValueError for other text."""
    name, colon, kind = text.partition(":")
    kind, times, factor = kind.partition("*")
    if colon and (form := _FORMATS.get(kind)) and (not times or _FACTOR.fullmatch(factor)):
        return _number(name, struct.Struct(form), float(factor) if times else None)
    if colon and not times and (sized := _SIZED.fullmatch(kind)) and int(sized[2]):
        return Item(name, int(sized[2]), bytes.hex if sized[1] == "hex" else None)
    known = ", ".join([*_FORMATS, "hexN", "skipN"])
    raise ValueError(f"{text!r} is not name:type or name:type*factor; types are {known}")


def _number(name: str, form: struct.Struct, factor: float | None) -> Item:
    if factor is None:
        return Item(name, form.size, lambda data: form.unpack(data)[0])
    return Item(name, form.size, lambda data: form.unpack(data)[0] * factor)
