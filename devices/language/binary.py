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
    form: str
    """As `struct` writes it; u8, hex and skip have no order of bytes."""
    finish: Callable[[Any], Any] | None = None
    """What makes the value of what `struct` gives."""

    @property
    def size(self) -> int:
        return struct.calcsize(self.form)


Unpack = Callable[[bytes, int, dict[str, Any]], None]
"""(frame, where, values): adds the values that stand there. The frame is long enough."""


def parse_item(text: str) -> Item:
    """`battery:u8`, `rate:u16*0.01`, `serial:hex8`, `:skip2`; ValueError for other text."""
    name, colon, kind = text.partition(":")
    kind, times, factor = kind.partition("*")
    if colon and (form := _FORMATS.get(kind)) and (not times or _FACTOR.fullmatch(factor)):
        return Item(name, form, _times(float(factor)) if times else None)
    if colon and not times and (sized := _SIZED.fullmatch(kind)) and int(sized[2]):
        return _sized(name, int(sized[2]), is_hex=sized[1] == "hex")
    known = ", ".join([*_FORMATS, "hexN", "skipN"])
    raise ValueError(f"{text!r} is not name:type or name:type*factor; types are {known}")


def _sized(name: str, size: int, *, is_hex: bool) -> Item:
    return Item(name, f"{size}s", bytes.hex) if is_hex else Item(name, f"{size}x")


def _times(factor: float) -> Callable[[Any], Any]:
    return lambda number: number * factor


def compile_items(items: list[Item]) -> Unpack:
    """Items that stand one after another, as few `struct`s as their orders of bytes allow."""
    runs: list[tuple[int, list[Item]]] = []
    at, order = 0, ""
    for item in items:
        own = item.form[0] if item.form[0] in "<>" else ""
        if not runs or (own and order and own != order):
            runs.append((at, []))
            order = ""
        order = order or own
        runs[-1][1].append(item)
        at += item.size
    unpacks = [_unpack(run, start) for start, run in runs]
    if len(unpacks) == 1:
        return unpacks[0]

    def unpack(frame: bytes, at: int, values: dict[str, Any]) -> None:
        for part in unpacks:
            part(frame, at, values)

    return unpack


def _unpack(items: list[Item], start: int) -> Unpack:
    order = next((item.form[0] for item in items if item.form[0] in "<>"), "<")
    read = struct.Struct(order + "".join(item.form.lstrip("<>") for item in items)).unpack_from
    named = [item for item in items if not item.form.endswith("x")]
    names, finishes = [i.name for i in named], [(i.name, i.finish) for i in named if i.finish]

    def unpack(frame: bytes, at: int, values: dict[str, Any]) -> None:
        values.update(zip(names, read(frame, at + start), strict=True))
        for name, finish in finishes:
            values[name] = finish(values[name])

    return unpack
