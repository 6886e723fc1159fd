"""SenML JSON (RFC 8428): a pack of records → `{"records": [{device, t, v: {name: value}}]}`.

Base fields are resolved, and what one device says of one time is one record. A full name is split
at the base name where a record has both, else at its last `:` or `/`; a record without a name of
its own is named by its unit. `t` is base time + time in seconds, absent where neither is given:
read it with the time format `senml`, for which values below 2^28 are relative to now. Base values
are added to numbers; `s` (sums) stand under the name with `.sum` behind.
"""

import re
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from devices.decoded import DecodeError, show
from devices.payload import parse_json

_LAST = re.compile(r"(.*[:/])([^:/]+)", re.DOTALL)
_MOST = 1_000
_HUGE = 1e30
_KNOWN_VERSION = 10

_Number = Annotated[float, Meta(gt=-_HUGE, lt=_HUGE)] | UnsetType


class _Record(msgspec.Struct, gc=False):
    """A record as it is written."""

    bn: str | UnsetType = UNSET
    bt: _Number = UNSET
    bu: Any = UNSET
    bv: _Number = UNSET
    bs: _Number = UNSET
    bver: Annotated[int, Meta(le=_KNOWN_VERSION)] | UnsetType = UNSET
    n: str | UnsetType = UNSET
    u: Any = UNSET
    t: _Number = UNSET
    v: _Number = UNSET
    vs: str | UnsetType = UNSET
    vb: bool | UnsetType = UNSET
    vd: str | UnsetType = UNSET
    s: _Number = UNSET


_decode = msgspec.json.Decoder(list[_Record]).decode


def read_senml(payload: bytes) -> dict[str, Any]:
    """DecodeError: not a SenML pack, or one that must not be read (unknown `…_` fields)."""
    pack = _plainly_good(payload)
    if pack is None:
        pack = _checked(parse_json(payload))
    if len(pack) > _MOST:
        raise DecodeError("size", f"{len(pack)} SenML records; at most {_MOST} are read")
    return {"records": _gather(pack)}


def _plainly_good(payload: bytes) -> list[_Record] | None:
    """Typed while it is parsed; None where the careful way must look, and say what is wrong."""
    if b'_"' in payload or b"\\" in payload:  # some key may end in `_`
        return None
    try:
        return _decode(payload)
    except (ValueError, RecursionError):
        return None


def _checked(pack: object) -> list[_Record]:
    if type(pack) is not list:
        raise DecodeError("shape", f"a SenML pack is an array of records, not {show(pack)}")
    return [_check(record) for record in pack[: _MOST + 1]]


def _check(record: Any) -> _Record:
    if type(record) is not dict:
        raise DecodeError("shape", f"a SenML record is an object, not {show(record)}")
    if must := [key for key in record if key.endswith("_")]:
        raise DecodeError("shape", f"this pack says it cannot be read without {show(must[0])}")
    said = {name: raw for name, raw in record.items() if raw is not None}
    version = said.get("bver", _KNOWN_VERSION)
    if type(version) is not int or version > _KNOWN_VERSION:
        raise DecodeError("shape", f"SenML version {show(version)}; 10 is read")
    try:
        return msgspec.convert(said, _Record)
    except (ValueError, OverflowError) as error:
        raise DecodeError("type", f"not a SenML record: {error}") from None


class _Base:
    """What the base fields so far hold for the records that follow."""

    __slots__ = ("name", "sum", "time", "unit", "value")

    def __init__(self) -> None:
        self.name, self.unit = "", None
        self.value = self.sum = 0.0
        self.time: float | None = None

    def take(self, record: _Record) -> None:
        if record.bn is not UNSET:
            self.name = record.bn
        if record.bt is not UNSET:
            self.time = record.bt
        if record.bu is not UNSET:
            self.unit = record.bu
        if record.bv is not UNSET:
            self.value = record.bv
        if record.bs is not UNSET:
            self.sum = record.bs


def _gather(pack: list[_Record]) -> list[dict[str, Any]]:
    """What one device says of one time, in the order of its first word."""
    base = _Base()
    found: dict[tuple[str, float | None], dict[str, Any]] = {}
    for record in pack:
        base.take(record)
        device, name = _names(base, record)
        value = _value(base, record)
        if value is None and record.s is UNSET:
            continue
        time = base.time if record.t is UNSET else record.t + (base.time or 0.0)
        moment = found.get((device, time))
        if moment is None:
            moment = found[device, time] = {"device": device, "v": {}}
            if time is not None:
                moment["t"] = time
        if value is not None:
            moment["v"][name] = value
        if record.s is not UNSET:
            moment["v"][f"{name}.sum"] = record.s + base.sum
    return list(found.values())


def _names(base: _Base, record: _Record) -> tuple[str, str]:
    """Device and quantity."""
    prefix = base.name
    own = "" if record.n is UNSET else record.n
    if own and not prefix and (parts := _LAST.fullmatch(own)):
        return parts[1].rstrip(":/"), parts[2]
    if not own:
        unit = base.unit if record.u is UNSET else record.u
        own = unit if type(unit) is str else ""
    return prefix.rstrip(":/"), own


def _value(base: _Base, record: _Record) -> float | str | bool | None:
    """What the record says, None for nothing or a sum."""
    if record.v is not UNSET:
        return record.v + base.value
    for said in (record.vs, record.vb, record.vd):
        if said is not UNSET:
            return said
    return base.value if record.bv is not UNSET and record.s is UNSET else None
