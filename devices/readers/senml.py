"""SenML JSON (RFC 8428): a pack of records → `{"records": [{device, t, v: {name: value}}]}`.

Base fields are resolved, and what one device says of one time is one record. A full name is split
at the base name where a record has both, else at its last `:` or `/`; a record without a name of
its own is named by its unit. `t` is base time + time in seconds, absent where neither is given:
read it with the time format `senml`, for which values below 2^28 are relative to now. Base values
are added to numbers; `s` (sums) stand under the name with `.sum` behind.
"""

import re
from typing import Any

from devices.decoded import DecodeError, show
from devices.payload import parse_json

_LAST = re.compile(r"(.*[:/])([^:/]+)", re.DOTALL)
_MOST = 1_000
_HUGE = 1e30
_KNOWN_VERSION = 10


def read_senml(payload: bytes) -> dict[str, Any]:
    """DecodeError: not a SenML pack, or one that must not be read (unknown `…_` fields)."""
    pack = parse_json(payload)
    if type(pack) is not list:
        raise DecodeError("shape", f"a SenML pack is an array of records, not {show(pack)}")
    if len(pack) > _MOST:
        raise DecodeError("size", f"{len(pack)} SenML records; at most {_MOST} are read")
    base: dict[str, Any] = {}
    found: dict[tuple[str, Any], dict[str, Any]] = {}
    for record in pack:
        _add(found, base, record)
    return {"records": list(found.values())}


def _add(found: dict[tuple[str, Any], dict[str, Any]], base: dict[str, Any], record: Any) -> None:
    if type(record) is not dict:
        raise DecodeError("shape", f"a SenML record is an object, not {show(record)}")
    _check(record)
    for name in ("bn", "bt", "bu", "bv", "bs"):
        if name in record:
            base[name] = record[name]
    device, name = _names(base, record)
    time = _time(base, record)
    values = _values(base, record, name)
    if values:
        head = {"device": device} if time is None else {"device": device, "t": time}
        found.setdefault((device, time), head | {"v": {}})["v"].update(values)


def _check(record: dict[str, Any]) -> None:
    if must := [key for key in record if key.endswith("_")]:
        raise DecodeError("shape", f"this pack says it cannot be read without {show(must[0])}")
    version = record.get("bver", _KNOWN_VERSION)
    if type(version) is not int or version > _KNOWN_VERSION:
        raise DecodeError("shape", f"SenML version {show(version)}; 10 is read")


def _names(base: dict[str, Any], record: dict[str, Any]) -> tuple[str, str]:
    """Device and quantity."""
    prefix, own = base.get("bn", ""), record.get("n", "")
    if type(prefix) is not str or type(own) is not str:
        raise DecodeError("type", "SenML names are text")
    if own and prefix:
        device, name = prefix, own
    elif own and (parts := _LAST.fullmatch(own)):
        device, name = parts[1], parts[2]
    else:
        unit = record.get("u", base.get("bu", ""))
        device, name = prefix, own or (unit if type(unit) is str else "")
    return device.rstrip(":/"), name


def _time(base: dict[str, Any], record: dict[str, Any]) -> float | None:
    start, own = base.get("bt"), record.get("t")
    if start is None and own is None:
        return None
    total = 0.0
    for part in (start, own):
        total += 0 if part is None else _number(part, "a SenML time")
    return total


def _values(base: dict[str, Any], record: dict[str, Any], name: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if (value := record.get("v")) is not None:
        values[name] = _number(value, name) + _number(base.get("bv", 0), "the base value")
    elif "bv" in record and not any(kind in record for kind in ("vs", "vb", "vd", "s")):
        values[name] = _number(record["bv"], "the base value")
    for kind, wanted in (("vs", str), ("vb", bool), ("vd", str)):
        if kind in record:
            if type(record[kind]) is not wanted:
                raise DecodeError("type", f"`{kind}` of {show(name)} is {show(record[kind])}")
            values[name] = record[kind]
    if (total := record.get("s")) is not None:
        values[f"{name}.sum"] = _number(total, name) + _number(base.get("bs", 0), "the base sum")
    return values


def _number(raw: Any, name: str) -> float | int:
    if type(raw) not in (int, float) or not -_HUGE < raw < _HUGE:
        raise DecodeError("type", f"{show(name)} is a number, not {show(raw)}")
    number: float | int = raw
    return number
