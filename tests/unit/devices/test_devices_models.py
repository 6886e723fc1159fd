"""docs/reference/device-models.md names every profile that ships, and what it tells."""

import re
from pathlib import Path

import pytest

from devices.check import describe
from schemas.quantities import QUANTITIES

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/reference/device-models.md"
ROW = re.compile(r"^\| \[([\w-]+)\]\(([^)]+)\) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
ROWS = {name: (link, told) for name, link, told in ROW.findall(PAGE.read_text(encoding="utf-8"))}
MODELS = {model["id"]: model for model in describe()}


def test_every_profile_has_a_row_and_every_row_a_profile() -> None:
    assert sorted(ROWS) == sorted(MODELS)


@pytest.mark.parametrize("profile", sorted(ROWS))
def test_a_row_links_to_the_profile_and_says_what_it_tells(profile: str) -> None:
    link, told = ROWS[profile]
    assert (PAGE.parent / link).resolve() == ROOT / "devices" / profile / "README.md"
    assert (PAGE.parent / link).is_file()
    reads = MODELS[profile]["quantities"] or list(QUANTITIES)  # the canonical wire tells them all
    assert sorted(told.split(", ")) == sorted(reads)
