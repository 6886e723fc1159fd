"""Sparkplug B's births, applied to a parsed payload: its metrics get their names and types.

`births = "{group}/{edge}"` in a `[[message]]` says whose births count; the topic's `{type}` says
what the message is. Births are remembered (`devices.births`), data are completed from them. Of a
node's own birth and death `online` becomes true and false, but only where the node is the gateway
itself (`{edge}` is its id): then its death is the gateway's. A death that is not the last birth's
says nothing.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from devices.births import Birth, Births, Metric
from devices.decoded import DecodeError, show
from devices.language.paths import compile_template
from devices.message import Incoming
from devices.readers.sparkplug_b import SIGNED, by_name, signed

Resolve = Callable[[Incoming], None]
"""Completes `message.root` in a copy; what no birth has named goes to `message.refused`.

DecodeError `alias` where nothing of the message is named."""

_SESSION = "bdSeq"
_DATA = ("DDATA", "NDATA")
_LONGEST = 256


def compile_births(node: str) -> Resolve:
    name = compile_template(node)

    def resolve(message: Incoming) -> None:
        root, kind = message.root, message.captures["type"]
        if kind in _DATA and all(map(_is_whole, root["metrics"])):
            return
        births = Births() if message.births is None else message.births
        edge = name(None, message)
        if not edge:
            return
        if kind == "NBIRTH":
            births.node_born(message.place, edge, _described(root), _session(root))
            _tell(message, online=True)
        elif kind == "DBIRTH":
            births.device_born(message.place, edge, _described(root))
        elif kind == "NDEATH":
            birth = births.of(message.place, edge)
            if birth is not None and birth.session == _session(root):
                _tell(message, online=False)
        elif kind in _DATA:
            _complete(message, births.of(message.place, edge), edge)

    return resolve


def _session(root: dict[str, Any]) -> int | None:
    session = root["values"].get(_SESSION)
    return session if type(session) is int else None


def _tell(message: Incoming, *, online: bool) -> None:
    if message.captures.get("edge") == message.place[1]:
        message.root = message.root | {"online": online}


def _described(root: dict[str, Any]) -> dict[int | str, Metric]:
    """What data cannot be read without: names by alias, and else the types of signed numbers."""
    found: dict[int | str, Metric] = {}
    for metric in root["metrics"]:
        if type(metric) is not dict:
            continue
        name, alias, datatype = metric.get("name"), metric.get("alias"), metric.get("datatype")
        if type(name) is not str or len(name) > _LONGEST:
            continue
        datatype = datatype if type(datatype) is int else 0
        if type(alias) is int:
            found[alias] = _metric(name, datatype)
        elif datatype in SIGNED:
            found[name] = _metric(name, datatype)
    return found


_metric = lru_cache(maxsize=4096)(Metric)
"""Names are few and shared by all nodes of a model."""


def _complete(message: Incoming, birth: Birth | None, node: str) -> None:
    metrics = message.root["metrics"]
    born = {} if birth is None else birth.metrics
    whole = [_completed(m, born) if type(m) is dict else m for m in metrics]
    unnamed = [m for m in whole if type(m) is dict and "alias" in m and "name" not in m]
    message.root = message.root | {"metrics": whole, "values": by_name(whole)}
    if unnamed:
        error = _unknown(unnamed, node)
        if len(unnamed) == len(whole):
            raise error
        message.refused = [error]


def _is_whole(metric: object) -> bool:
    return type(metric) is dict and "name" in metric and "datatype" in metric


def _completed(metric: dict[str, Any], born: dict[int | str, Metric]) -> dict[str, Any]:
    key = metric.get("name", metric.get("alias"))
    described = born.get(key) if isinstance(key, int | str) else None
    if described is None:
        return metric
    metric = metric | {"name": described.name}
    value = metric.get("value")
    if "datatype" not in metric and type(value) is int:
        metric["value"] = signed(value, described.datatype)
    return metric


def _unknown(metrics: list[dict[str, Any]], node: str) -> DecodeError:
    text = (
        f"metric alias {show(metrics[0]['alias'])} of edge node {show(node)} has no name: no birth "
        "of that node was seen since ingest began. Ask it for one: write true to its metric "
        "`Node Control/Rebirth`"
    )
    return DecodeError("alias", text)
