"""The generated schemas are those of the models, and the models say what the wire says."""

import json

import pytest
from pydantic import BaseModel, ValidationError

from schemas.generate import FOLDER, MODELS, documents
from schemas.quantities import QUANTITIES, Choice
from schemas.wire import Ack, GatewayStatus, Heartbeat, Reading

ALERT = "0123456789abcdef" * 2


@pytest.mark.parametrize("name", documents())
def test_what_is_checked_in_is_current(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert text == documents()[name], "run `make schemas`"


def test_nothing_else_is_checked_in() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(documents())


@pytest.mark.parametrize("name", MODELS)
def test_each_schema_names_its_dialect_and_itself(name: str) -> None:
    schema = json.loads(documents()[f"{name}.json"])
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:vigil:v1:{name}"


def test_the_reading_has_every_quantity_with_its_words() -> None:
    properties = json.loads(documents()["reading.json"])["properties"]
    for quantity in QUANTITIES.values():
        kinds = properties[quantity.name]["anyOf"]
        if not isinstance(quantity, Choice):
            assert kinds[0]["type"] == "number"
        elif quantity.is_bool:
            assert kinds[0]["type"] == "boolean"
        else:
            assert set(kinds[0]["enum"]) == set(quantity.values)


GOOD: list[tuple[type[BaseModel], str]] = [
    (Reading, '{"ts":"2026-01-01T08:00:00+08:00","heart_rate":61,"sos":null,"colour":1}'),
    (Reading, '{"ts":1767225600000}'),
    (GatewayStatus, '{"online":false}'),
    (Ack, f'{{"alert":"{ALERT}","staff":"s1","action":"on_the_way"}}'),
    (Ack, f'{{"alert":"{ALERT}","staff":"s1","action":"close","outcome":"genuine"}}'),
    (Heartbeat, '{"alive":true,"at":"2026-01-01T00:00:00Z"}'),
]
BAD: list[tuple[type[BaseModel], str]] = [
    (Reading, '{"ts":"2026-01-01T08:00:00"}'),
    (Reading, '{"heart_rate":"61"}'),
    (Reading, '{"heart_rate":true}'),
    (Reading, '{"in_bed":1}'),
    (Reading, '{"seq":-1}'),
    (GatewayStatus, '{"online":"false"}'),
    (Ack, f'{{"alert":"{ALERT}","staff":"s1","action":"ignore"}}'),
    (Ack, f'{{"alert":"{ALERT}","action":"close"}}'),
    (Ack, '{"alert":"7","staff":"s1","action":"close"}'),
    (Ack, f'{{"alert":"{ALERT}","staff":"s1","action":"close","outcome":"no_answer"}}'),
    (Heartbeat, '{"alive":true,"at":"2026-01-01T00:00:00"}'),
]


@pytest.mark.parametrize(("model", "text"), GOOD)
def test_what_the_wire_carries(model: type[BaseModel], text: str) -> None:
    model.model_validate_json(text)


@pytest.mark.parametrize(("model", "text"), BAD)
def test_what_the_wire_does_not_carry(model: type[BaseModel], text: str) -> None:
    with pytest.raises(ValidationError):
        model.model_validate_json(text)
