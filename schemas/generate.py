"""JSON Schema 2020-12 of everything on the wire, from the models: `python -m schemas.generate`.

Writes schemas/json/ and schemas/asyncapi.json; tests assert that what is checked in is what this
writes.
"""

import json
from pathlib import Path

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from schemas import asyncapi
from schemas.alerts import Alert
from schemas.events import IncidentEvent
from schemas.wire import Ack, Card, GatewayStatus, Heartbeat, Reading, Readings

FOLDER = Path(__file__).parent / "json"
ASYNCAPI = Path(__file__).parent / "asyncapi.json"

MODELS: dict[str, type[BaseModel]] = {
    "reading": Reading,
    "readings": Readings,
    "gateway-status": GatewayStatus,
    "ack": Ack,
    "card": Card,
    "heartbeat": Heartbeat,
    "incident-event": IncidentEvent,
    "alert": Alert,
}


def documents() -> dict[str, str]:
    """File name → text of each schema."""
    return {f"{name}.json": _document(name, model) for name, model in MODELS.items()}


def _document(name: str, model: type[BaseModel]) -> str:
    head = {"$schema": GenerateJsonSchema.schema_dialect, "$id": f"urn:vigil:v1:{name}"}
    return json.dumps(head | model.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in documents().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    ASYNCAPI.write_text(asyncapi.document(), encoding="utf-8")


if __name__ == "__main__":
    main()
