"""The AsyncAPI document is current, whole, and what the official parser takes."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas import asyncapi, topics
from schemas.generate import ASYNCAPI

DOCUMENT: dict[str, Any] = json.loads(ASYNCAPI.read_text(encoding="utf-8"))
PARSER = os.environ.get("VIGIL_TEST_ASYNCAPI_PARSER", "")
"""A folder in which `npm install @asyncapi/parser` was run."""

PARSE = """
const {Parser} = require("@asyncapi/parser");
const text = require("fs").readFileSync(0, "utf8");
new Parser().parse(text).then(({document, diagnostics}) => {
  console.log(JSON.stringify(diagnostics.filter((d) => d.severity < 2)));
  process.exit(document ? 0 : 1);
});
"""


def test_what_is_checked_in_is_current() -> None:
    assert ASYNCAPI.read_text(encoding="utf-8") == asyncapi.document(), "run `make schemas`"


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(found := value.get("$ref"), str):
            yield found
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert len(found) > 10
    for reference in found:
        node = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_every_topic_is_a_channel() -> None:
    addresses = {channel["address"] for channel in DOCUMENT["channels"].values()}
    assert addresses == {
        topics.up("{area}", "{gateway}"),
        topics.up("{area}", "{gateway}", "{device}"),
        topics.status("{area}", "{gateway}"),
        topics.station_alerts("{station}"),
        topics.station_acks("{station}"),
        topics.HEARTBEAT,
    }
    for channel in DOCUMENT["channels"].values():
        named = {part[1:-1] for part in channel["address"].split("/") if part[0] == "{"}
        assert set(channel.get("parameters", {})) == named


def parse(document: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run(
        [node, "-e", PARSE],
        input=json.dumps(document),
        capture_output=True,
        text=True,
        cwd=Path(PARSER),
        timeout=120,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


@pytest.mark.skipif(
    not PARSER or shutil.which("node") is None,
    reason="no VIGIL_TEST_ASYNCAPI_PARSER: not seen by the official parser",
)
def test_the_official_parser_takes_it_and_refuses_a_broken_one() -> None:
    assert parse(DOCUMENT) == (0, [])
    broken = json.loads(json.dumps(DOCUMENT))
    broken["operations"]["receiveDeviceUp"]["channel"]["$ref"] = "#/channels/nowhere"
    code, diagnostics = parse(broken)
    assert (code, bool(diagnostics)) == (1, True)
