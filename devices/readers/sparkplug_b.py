"""Sparkplug B payloads (Eclipse Sparkplug 3.0, section 6.4): protobuf → JSON-like values.

`{"timestamp", "seq", "uuid", "metrics": [{"name", "alias", "timestamp", "datatype",
"is_historical", "is_transient", "is_null", "value"}], "values": {name: value}}`; times are epoch
milliseconds, what is not said is absent. Signed integers are made signed by their datatype. Data
sets, templates and properties are passed over, like everything that a newer edition may add. What
is named or typed by a birth alone is left as it is: see `devices.language.births`. The JSON
rendering that bridges republish is read as well.
"""

from typing import Any

from google.protobuf.message import DecodeError as ProtobufError

from devices.decoded import DecodeError
from devices.payload import parse_json
from devices.readers.sparkplug_b_schema import Metric, Payload

_SPELLINGS = {
    "dataType": "datatype",
    "isHistorical": "is_historical",
    "isTransient": "is_transient",
    "isNull": "is_null",
}
SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
"""Datatypes Int8, Int16, Int32, Int64, which travel as unsigned numbers of 32 or 64 bits."""
_OWN = ("timestamp", "seq", "uuid")
_MOST = 1_000


def read_sparkplug_b(payload: bytes) -> dict[str, Any]:
    """DecodeError: neither protobuf nor the JSON that bridges make of it."""
    if payload.lstrip()[:1] == b"{":  # no protobuf message of this kind begins so
        return _rendered(payload)
    try:
        said = Payload.FromString(payload)
    except ProtobufError:
        text = "not Sparkplug B: no protobuf, cut off, or text that is not UTF-8"
        raise DecodeError("protobuf", text) from None
    if len(said.metrics) > _MOST:
        raise DecodeError("size", f"more than {_MOST} metrics: they are not read")
    root: dict[str, Any] = {name: getattr(said, name) for name in _OWN if said.HasField(name)}
    if not root and not said.metrics:
        raise DecodeError("protobuf", "not Sparkplug B: none of its fields is here")
    root["metrics"] = metrics = [_metric(metric) for metric in said.metrics]
    root["values"] = by_name(metrics)
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


def _metric(said: Metric) -> dict[str, Any]:
    metric: dict[str, Any] = {}
    if name := said.name:
        metric["name"] = name
    if said.HasField("alias"):
        metric["alias"] = said.alias
    if timestamp := said.timestamp:
        metric["timestamp"] = timestamp
    if datatype := said.datatype:
        metric["datatype"] = datatype
    if said.is_historical:
        metric["is_historical"] = True
    if said.is_transient:
        metric["is_transient"] = True
    if said.is_null:
        metric["is_null"] = True
    elif kind := said.WhichOneof("value"):
        value = getattr(said, kind)
        metric["value"] = signed(value, datatype) if type(value) is int else value
    return metric


def signed(raw: int, datatype: int | None) -> int:
    """A whole number as its datatype means it; as it travels, where that is not known."""
    bits = SIGNED.get(datatype or 0)
    if bits is None:
        return raw
    raw &= 2**bits - 1
    return raw - 2**bits if raw >> (bits - 1) else raw
