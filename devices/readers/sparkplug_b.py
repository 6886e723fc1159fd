"""Sparkplug B payloads (Eclipse Sparkplug 3.0, section 6.4): protobuf → JSON-like values.

`{"timestamp", "seq", "uuid", "metrics": [{"name", "alias", "timestamp", "datatype",
"is_historical", "is_transient", "is_null", "value"}], "values": {name: value}}`; times are epoch
milliseconds, what is not said is absent. Signed integers are made signed by their datatype. Data
sets, templates and properties are passed over. A data message may name a metric by its alias alone:
the name is in the birth message only, so a profile for such a node picks by alias. The JSON
rendering that bridges republish is read as well.
"""

import struct
from typing import Any

from devices.decoded import DecodeError
from devices.payload import parse_json
from devices.readers.protobuf import Value, fields

_PAYLOAD: dict[int, tuple[str, type]] = {1: ("timestamp", int), 3: ("seq", int), 4: ("uuid", bytes)}
_METRICS = 2
_METRIC: dict[int, tuple[str, type]] = {
    1: ("name", bytes),
    2: ("alias", int),
    3: ("timestamp", int),
    4: ("datatype", int),
    5: ("is_historical", int),
    6: ("is_transient", int),
    7: ("is_null", int),
}
_FLAGS = ("is_historical", "is_transient", "is_null")
_SPELLINGS = {
    "dataType": "datatype",
    "isHistorical": "is_historical",
    "isTransient": "is_transient",
    "isNull": "is_null",
}
_INT, _LONG, _FLOAT, _DOUBLE, _BOOLEAN, _STRING = 10, 11, 12, 13, 14, 15
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
"""Datatypes Int8, Int16, Int32, Int64, which travel as unsigned numbers of 32 or 64 bits."""
_MOST = 1_000


def read_sparkplug_b(payload: bytes) -> dict[str, Any]:
    """DecodeError: neither protobuf nor the JSON that bridges make of it."""
    if payload.lstrip()[:1] == b"{":  # no protobuf message of this kind begins so
        return _rendered(payload)
    root: dict[str, Any] = {}
    metrics: list[dict[str, Any]] = []
    for number, value in fields(payload):
        if number == _METRICS and isinstance(value, bytes):
            if len(metrics) == _MOST:
                raise DecodeError("size", f"more than {_MOST} metrics: they are not read")
            metrics.append(_metric(value))
        elif number in _PAYLOAD:
            name, kind = _PAYLOAD[number]
            root[name] = _scalar(value, kind, name)
    return root | {"metrics": metrics, "values": _by_name(metrics)}


def _by_name(metrics: list[Any]) -> dict[str, Any]:
    """Of a name that comes twice the last value counts."""
    return {
        metric["name"]: metric["value"]
        for metric in metrics
        if type(metric) is dict and type(metric.get("name")) is str and "value" in metric
    }


def _rendered(payload: bytes) -> dict[str, Any]:
    root = parse_json(payload)
    metrics = root.get("metrics", []) if type(root) is dict else None
    if type(root) is not dict or type(metrics) is not list or len(metrics) > _MOST:
        raise DecodeError("shape", f"Sparkplug B has at most {_MOST} `metrics` in an array")
    metrics = [_respelled(m) if type(m) is dict else m for m in metrics]
    return root | {"metrics": metrics, "values": _by_name(metrics)}


def _respelled(metric: dict[str, Any]) -> dict[str, Any]:
    return {_SPELLINGS.get(name, name): value for name, value in metric.items()}


def _metric(data: bytes) -> dict[str, Any]:
    metric: dict[str, Any] = {}
    raw: tuple[int, Value] | None = None
    for number, value in fields(data):
        if number in _METRIC:
            name, kind = _METRIC[number]
            metric[name] = _scalar(value, kind, name)
        elif _INT <= number <= _STRING:
            raw = number, value
    for name in _FLAGS:
        if name in metric:
            metric[name] = bool(metric[name])
    if raw is not None and not metric.get("is_null"):
        metric["value"] = _value(*raw, metric.get("datatype"))
    return metric


def _scalar(value: Value, kind: type, name: str) -> str | int:
    if type(value) is not kind:
        raise DecodeError("protobuf", f"not Sparkplug B: `{name}` is of another type")
    return _text(value) if isinstance(value, bytes) else value


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise DecodeError("utf8", "the text in this payload is not UTF-8") from None


def _value(number: int, raw: Value, datatype: int | None) -> Any:
    if isinstance(raw, bytes) != (number == _STRING):
        raise DecodeError("protobuf", "not Sparkplug B: a metric's value is of another type")
    if isinstance(raw, bytes):
        return _text(raw)
    if number == _FLOAT:
        return struct.unpack("<f", (raw & 0xFFFFFFFF).to_bytes(4, "little"))[0]
    if number == _DOUBLE:
        return struct.unpack("<d", raw.to_bytes(8, "little"))[0]
    if number == _BOOLEAN:
        return bool(raw)
    bits = _SIGNED_BITS.get(datatype or 0)
    return raw if bits is None else _signed(raw, bits)


def _signed(raw: int, bits: int) -> int:
    raw &= 2**bits - 1
    return raw - 2**bits if raw >> (bits - 1) else raw
