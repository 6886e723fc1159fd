"""The canonical wire: `vigil/v1/{area}/{gateway}/up[/{device}]` and `…/status`.

Strict: a number is a number, a boolean a boolean, an enumeration one of its words; null is
unknown. Unknown keys are ignored and counted. One bad reading of an array never loses the others,
and a bad value never loses the press or the fall that stands beside it (I7). One message at a time;
`wire_batch` reads the plainly good ones of a batch together, and says the same.
"""

from typing import Any

from devices.decoded import (
    FIRST_TS,
    LAST_TS,
    Decoded,
    DecodeError,
    Reading,
    Status,
    Values,
    is_emergency,
    show,
)
from devices.ids import device_id
from devices.payload import Limits, check_size, doubled, parse_json
from schemas.quantities import QUANTITIES, Number
from schemas.readings import Flag
from schemas.times import parse_rfc3339

PROFILE = "canonical"

_HUGE = 1e30
"""No quantity comes near it; float32 holds it, so that later arithmetic cannot overflow."""
_LAST_KEY = 2**63
_TEST = int(Flag.TEST)
_NONE: set[int] = set()
_LIMITS = Limits()

_Kind = tuple[type, dict[Any, int]]
_OTHER = frozenset(("ts", "seq", "device", "test"))


def _kinds() -> dict[str, _Kind]:
    kinds: dict[str, _Kind] = {}
    for name, quantity in QUANTITIES.items():
        if isinstance(quantity, Number):
            kinds[name] = (float, {})
        elif quantity.is_bool:
            kinds[name] = (bool, {False: 0, True: 1})
        else:
            kinds[name] = (str, {word: code for code, word in enumerate(quantity.values)})
    return kinds


_KINDS = _kinds()


def decode_up(payload: bytes, device: str | None, limits: Limits = _LIMITS) -> Decoded:
    """The readings of an `up` message; `device` is the topic's, None on the gateway's own topic.

    DecodeError where nothing of the message can be used, or a lone reading cannot.
    """
    check_size(payload, limits.bytes)
    own = None if device is None else device_id(device)
    value = parse_json(payload)
    if type(value) is not dict and type(value) is not list:
        text = f"a reading is a JSON object or an array of them, not {_a(value)}"
        raise DecodeError("shape", text)
    if type(value) is list and len(value) > limits.readings:
        raise DecodeError("size", f"{len(value)} readings; at most {limits.readings} are read")
    result, colons = _build(value, own, _NONE)
    # Every colon belongs to a known key or text, unless a key stands twice (or is unknown and
    # holds an object, or text is escaped: then a slower look tells).
    if (colons != payload.count(b":") or b"\\" in payload) and (twice := doubled(payload)):
        result, _ = _build(value, own, twice)
    return result


def _build(
    value: dict[str, Any] | list[Any], device: str | None, twice: set[int]
) -> tuple[Decoded, int]:
    result = Decoded(PROFILE)
    if type(value) is dict:
        return result, _add(result, value, device, bool(twice))
    if not value:
        result.ignored = "an empty array"
    colons = 0
    for index, record in enumerate(value):
        try:
            colons += _add(result, _object(record), device, index in twice)
        except DecodeError as error:
            error.index = index
            result.rejects.append(error)
    return result, colons


def _object(record: object) -> dict[str, Any]:
    if type(record) is not dict:
        raise DecodeError("shape", f"a reading is a JSON object, not {_a(record)}")
    return record


def _add(result: Decoded, record: dict[str, Any], device: str | None, twice: bool) -> int:
    """Append the record's reading; returns the colons that its keys and texts account for."""
    faults: list[DecodeError] = []
    if twice:
        faults.append(DecodeError("duplicate", "a key stands twice: which one counts?"))
    values: Values = {}
    colons = len(record)
    result.unknown_keys += _take(record, values, faults)
    raw = record.get("device")
    if raw is not None or device is None:
        device = _device(raw, device, faults)
        colons += device.count(":")
    reading = Reading(device, None, None, values)
    raw = record.get("ts")
    if raw is not None:
        if type(raw) is str:
            colons += raw.count(":")
        reading.ts = _ts(raw, faults)
    raw = record.get("seq")
    if raw is not None:
        reading.key = _seq(raw, faults)
    raw = record.get("test")
    if raw is not None and raw is not False:
        reading.flags = _test(raw, faults)
    if faults:
        _keep_or_raise(result, reading, faults)
    result.readings.append(reading)
    return colons


def _take(record: dict[str, Any], values: Values, faults: list[DecodeError]) -> int:
    """Fill `values` from the record's quantities; returns how many keys mean nothing here."""
    unknown = 0
    for name, raw in record.items():
        kind = _KINDS.get(name)
        if kind is None:
            unknown += name not in _OTHER
        elif raw is not None:
            wanted, codes = kind
            found = type(raw)
            if wanted is float:
                if (found is float or found is int) and -_HUGE < raw < _HUGE:
                    values[name] = raw
                    continue
            elif found is wanted and raw in codes:
                values[name] = codes[raw]
                continue
            faults.append(_unfit(name, raw))
    return unknown


def _keep_or_raise(result: Decoded, reading: Reading, faults: list[DecodeError]) -> None:
    for fault in faults:
        fault.device = reading.device
    if not is_emergency(reading.values):
        raise faults[0]
    result.faults += faults


def _device(raw: object, topic: str | None, faults: list[DecodeError]) -> str:
    if type(raw) is str and raw.strip():
        own = device_id(raw)
        if topic is None or own == topic:
            return own
        text = f"`device` is {show(raw)}, but the topic says {show(topic)}"
        faults.append(DecodeError("device", text))
    elif raw is None:
        text = "on the gateway's own `up` topic each reading needs its `device`"
        raise DecodeError("device", text)
    else:
        faults.append(DecodeError("device", f"`device` is the device's id, not {show(raw)}"))
    if topic is None:
        raise faults[-1]
    return topic


def _ts(raw: object, faults: list[DecodeError]) -> int | None:
    ts = None
    try:
        if type(raw) is str:
            ts = parse_rfc3339(raw)
        elif (type(raw) is int or type(raw) is float) and -_HUGE < raw < _HUGE:
            ts = int(raw * 1_000)
    except ValueError as error:
        faults.append(DecodeError("time", f"`ts`: {error}"))
        return None
    if ts is not None and FIRST_TS <= ts <= LAST_TS:
        return ts
    text = f"`ts` is RFC 3339 text with a zone, or epoch milliseconds, not {show(raw)}"
    faults.append(DecodeError("time", text))
    return None


def _seq(raw: object, faults: list[DecodeError]) -> int | None:
    if type(raw) is int and 0 <= raw < _LAST_KEY:
        return raw
    text = f"`seq` is a whole number from 0 to 2^63-1, not {show(raw)}"
    faults.append(DecodeError("key", text))
    return None


def _test(raw: object, faults: list[DecodeError]) -> int:
    if raw is True:
        return _TEST
    faults.append(DecodeError("type", f"`test` is true or false, not {show(raw)}"))
    return 0


def _unfit(name: str, raw: object) -> DecodeError:
    quantity = QUANTITIES[name]
    if isinstance(quantity, Number):
        if type(raw) in (int, float):
            return DecodeError("value", f"`{name}` is beyond any number of {quantity.unit}")
        wanted = f"a number ({quantity.unit})"
    elif quantity.is_bool:
        wanted = "true or false"
    elif type(raw) is str:
        known = ", ".join(quantity.values)
        return DecodeError("value", f"`{name}` is one of {known}, not {show(raw)}")
    else:
        wanted = "one of the words " + ", ".join(quantity.values)
    return DecodeError("type", f"`{name}` is {wanted}, or null where unknown, not {show(raw)}")


def decode_status(payload: bytes, limits: Limits = _LIMITS) -> Decoded:
    """`{"online": true|false}`, or the plain words a will message often is."""
    check_size(payload, limits.bytes)
    word = payload.strip().lower()
    if word in (b"online", b"offline"):
        return Decoded(PROFILE, status=Status(word == b"online"))
    value = parse_json(payload)
    if type(value) is dict and type(value.get("online")) is bool:
        return Decoded(PROFILE, status=Status(value["online"]))
    text = 'a status is {"online": true}, {"online": false}, or the word online or offline'
    raise DecodeError("shape", f"{text}; got {show(value)}")


def _a(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "text", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")
