"""The AsyncAPI 3 document of everything on the wire, from the same models as the JSON Schemas.

Written to schemas/asyncapi.json by `python -m schemas.generate`; a test asserts that what is
checked in is what this writes, and a validator of others reads it.
"""

import json
from importlib.metadata import version
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from schemas import topics
from schemas.wire import Ack, Card, GatewayStatus, Heartbeat, Reading, Readings

_SCHEMAS = "#/components/schemas/"
_PARAMETERS = {
    "area": "division code of the community, such as 330105001001",
    "gateway": "the gateway's id, which is its login",
    "device": "the device's id in the registry",
    "station": "the station's id",
}


class _Channel(NamedTuple):
    """`action` is Vigil's side: it receives what goes up."""

    name: str
    address: str
    action: str
    summary: str
    messages: tuple[type[BaseModel], ...]
    retain: bool = False


_PLACE = ("{area}", "{gateway}")
_CHANNELS = (
    _Channel(
        "deviceUp",
        topics.up(*_PLACE, "{device}"),
        "receive",
        "one reading of a device, or an array of them",
        (Reading, Readings),
    ),
    _Channel(
        "gatewayUp",
        topics.up(*_PLACE),
        "receive",
        "readings of several devices, each with its `device`",
        (Readings, Reading),
    ),
    _Channel(
        "gatewayStatus",
        topics.status(*_PLACE),
        "receive",
        "whether a gateway is connected: retained, and its will",
        (GatewayStatus,),
        retain=True,
    ),
    _Channel(
        "stationAlerts",
        topics.station_alerts("{station}"),
        "send",
        "incidents as a station's terminals show them",
        (Card,),
    ),
    _Channel(
        "stationAcks",
        topics.station_acks("{station}"),
        "receive",
        "answers of the station's own staff",
        (Ack,),
    ),
    _Channel(
        "heartbeat",
        topics.HEARTBEAT,
        "send",
        "the stations side is alive: retained, and its will",
        (Heartbeat,),
        retain=True,
    ),
)


def document() -> str:
    """The whole document as JSON text."""
    return json.dumps(_document(), indent=2, ensure_ascii=False) + "\n"


def _document() -> dict[str, Any]:
    return {
        "asyncapi": "3.0.0",
        "id": "urn:vigil:v1",
        "info": {
            "title": "Vigil",
            "version": version("vigil"),
            "description": "What gateways publish, and what station terminals receive and answer. "
            "Under native/{area}/{gateway}/ devices may speak as they are: see the device models.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": {"host": "localhost:1883", "protocol": "mqtt"}},
        "channels": {channel.name: _channel(channel) for channel in _CHANNELS},
        "operations": {_operation_name(c): _operation(c) for c in _CHANNELS},
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def _channel(channel: _Channel) -> dict[str, Any]:
    described = {
        "address": channel.address,
        "description": channel.summary,
        "messages": {
            model.__name__: {"$ref": f"#/components/messages/{model.__name__}"}
            for model in channel.messages
        },
    }
    names = [name for name in _PARAMETERS if f"{{{name}}}" in channel.address]
    if names:
        described["parameters"] = {name: {"description": _PARAMETERS[name]} for name in names}
    return described


def _operation_name(channel: _Channel) -> str:
    return channel.action + channel.name[0].upper() + channel.name[1:]


def _operation(channel: _Channel) -> dict[str, Any]:
    return {
        "action": channel.action,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.summary,
        "bindings": {"mqtt": {"qos": 1, "retain": channel.retain, "bindingVersion": "0.2.0"}},
    }


def _models() -> list[type[BaseModel]]:
    return list(dict.fromkeys(model for channel in _CHANNELS for model in channel.messages))


def _messages() -> dict[str, Any]:
    return {
        model.__name__: {
            "name": model.__name__,
            "contentType": "application/json",
            "payload": {"$ref": _SCHEMAS + model.__name__},
        }
        for model in _models()
    }


def _schemas() -> dict[str, Any]:
    _, defined = models_json_schema(
        [(model, "validation") for model in _models()], ref_template=_SCHEMAS + "{model}"
    )
    schemas: dict[str, Any] = defined["$defs"]
    return schemas
