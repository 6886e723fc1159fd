"""Sparkplug B payloads (Eclipse Sparkplug 3.0, section 6.4): protobuf → JSON-like values.

`{"timestamp", "seq", "uuid", "metrics": [{"name", "alias", "timestamp", "datatype",
"is_historical", "is_transient", "is_null", "value"}], "values": {name: value}}`; times are epoch
milliseconds, what is not said is absent. Signed integers are made signed by their datatype. Data
sets, templates and properties are passed over. What is named or typed by a birth alone is left as
it is: see `devices.language.births`. The JSON rendering that bridges republish is read as well.
"""

import struct
from typing import Any

from devices.decoded import DecodeError
from devices.payload import parse_json
from devices.readers.protobuf import BYTES, FIXED32, FIXED64, VARINT, fields, tag, varint

_METRICS = tag(2, BYTES)
_PAYLOAD = {tag(1, VARINT): "timestamp", tag(3, VARINT): "seq", tag(4, BYTES): "uuid"}
_NAME = tag(1, BYTES)
_SCALARS = {tag(2, VARINT): "alias", tag(3, VARINT): "timestamp", tag(4, VARINT): "datatype"}
_FLAGS = {
    tag(5, VARINT): "is_historical",
    tag(6, VARINT): "is_transient",
    tag(7, VARINT): "is_null",
}
_INT, _LONG = tag(10, VARINT), tag(11, VARINT)
_WHOLE = (_INT, _LONG)
_FLOAT, _DOUBLE = tag(12, FIXED32), tag(13, FIXED64)
_BOOLEAN, _STRING = tag(14, VARINT), tag(15, BYTES)
_KNOWN_OF_PAYLOAD = {t >> 3 for t in (*_PAYLOAD, _METRICS)}
_KNOWN = {
    t >> 3 for t in (_NAME, *_SCALARS, *_FLAGS, _INT, _LONG, _FLOAT, _DOUBLE, _BOOLEAN, _STRING)
}
_SPELLINGS = {
    "dataType": "datatype",
    "isHistorical": "is_historical",
    "isTransient": "is_transient",
    "isNull": "is_null",
}
SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
"""Datatypes Int8, Int16, Int32, Int64, which travel as unsigned numbers of 32 or 64 bits."""
_MOST = 1_000
_unpack_double = struct.Struct("<d").unpack_from


def read_sparkplug_b(payload: bytes) -> dict[str, Any]:
    """DecodeError: neither protobuf nor the JSON that bridges make of it."""
    if payload.lstrip()[:1] == b"{":  # no protobuf message of this kind begins so
        return _rendered(payload)
    root: dict[str, Any] = {}
    metrics: list[dict[str, Any]] = []
    for key, value in fields(payload):
        if key == _METRICS and isinstance(value, bytes):
            if len(metrics) == _MOST:
                raise DecodeError("size", f"more than {_MOST} metrics: they are not read")
            metrics.append(_metric(value))
        elif (name := _PAYLOAD.get(key)) is not None:
            root[name] = _text(value) if isinstance(value, bytes) else value
        elif key >> 3 in _KNOWN_OF_PAYLOAD:
            raise _of_another_type(key)
    root["metrics"], root["values"] = metrics, by_name(metrics)
    return root


def by_name(metrics: list[Any]) -> dict[str, Any]:
    """The values of the metrics that have both; of a name that comes twice the last one counts."""
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
    return root | {"metrics": metrics, "values": by_name(metrics)}


def _respelled(metric: dict[str, Any]) -> dict[str, Any]:
    return {_SPELLINGS.get(name, name): value for name, value in metric.items()}


def _metric(data: bytes) -> dict[str, Any]:
    try:
        return _usual_metric(data) or _any_metric(data)
    except (IndexError, struct.error, UnicodeDecodeError):
        return _any_metric(data)  # which says what is wrong


def _usual_metric(data: bytes) -> dict[str, Any] | None:
    """The hot way through a metric of the usual fields: what `_any_metric` gives, or None.

    IndexError and the like where the bytes end within a field.
    """
    metric: dict[str, Any] = {}
    at, end = 0, len(data)
    whole: int | None = None
    while at < end:
        key = data[at]
        at += 1
        if key == _DOUBLE:
            (metric["value"],), whole = _unpack_double(data, at), None
            at += 8
            continue
        number = data[at]
        at += 1
        if number >= 0x80:
            number, at = varint(data, at, number)
        if key == _NAME:
            metric["name"] = data[at : at + number].decode()
            at += number
        elif (name := _SCALARS.get(key)) is not None:
            metric[name] = number
        elif key in _WHOLE:
            whole = number
        elif key == _BOOLEAN:
            metric["value"], whole = number != 0, None
        else:
            return None
    if whole is not None:
        metric["value"] = signed(whole, metric.get("datatype"))
    return metric if at == end else None


def _any_metric(data: bytes) -> dict[str, Any]:
    metric: dict[str, Any] = {}
    is_value, raw = 0, None
    for key, value in fields(data):
        if key == _NAME:
            metric["name"] = _text(value)
        elif (name := _SCALARS.get(key)) is not None:
            metric[name] = value
        elif key >= _INT and key >> 3 in _KNOWN:
            is_value, raw = key, value
        elif (name := _FLAGS.get(key)) is not None:
            metric[name] = bool(value)
        elif key >> 3 in _KNOWN:
            raise _of_another_type(key)
    if is_value and not metric.get("is_null"):
        metric["value"] = _value(is_value, raw, metric.get("datatype"))
    return metric


def _of_another_type(key: int) -> DecodeError:
    return DecodeError("protobuf", f"not Sparkplug B: field {key >> 3} is of another type")


def _text(raw: Any) -> str:
    try:
        text: str = raw.decode()
    except UnicodeDecodeError:
        raise DecodeError("utf8", "the text in this payload is not UTF-8") from None
    return text


def _value(key: int, raw: Any, datatype: int | None) -> Any:
    if key in _WHOLE:
        return signed(raw, datatype)
    if key == _DOUBLE:
        return _unpack_double(raw.to_bytes(8, "little"))[0]
    if key == _FLOAT:
        return struct.unpack("<f", raw.to_bytes(4, "little"))[0]
    if key == _BOOLEAN:
        return bool(raw)
    if key == _STRING:
        return _text(raw)
    raise _of_another_type(key)


def signed(raw: int, datatype: int | None) -> int:
    """A whole number as its datatype means it; as it travels, where that is not known."""
    bits = SIGNED.get(datatype or 0)
    if bits is None:
        return raw
    raw &= 2**bits - 1
    return raw - 2**bits if raw >> (bits - 1) else raw
