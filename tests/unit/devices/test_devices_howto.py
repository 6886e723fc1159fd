"""The tutorial's own files pass the check, and its reference names all the language has."""

import re
from pathlib import Path

import pytest

from devices.check import check
from devices.language import spec

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "add-a-device.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


def test_the_worked_example_works(tmp_path: Path) -> None:
    profile, examples = BLOCKS
    folder = tmp_path / "acme-bed-pad"
    folder.mkdir()
    (folder / "profile.toml").write_text(profile, encoding="utf-8")
    (folder / "examples.toml").write_text(examples, encoding="utf-8")
    (folder / "README.md").write_text("An invented bed pad.")
    assert check(tmp_path) == []


NAMES = [
    alias or name
    for model in (spec.Profile, spec.Message, spec.Value, spec.Time)
    for name, field in model.model_fields.items()
    for alias in [field.alias]
    if name not in ("decoder", "message")
]


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_names_every_key(name: str) -> None:
    reference = TEXT[TEXT.index("## Everything a profile can say") :]
    assert re.search(rf"`{name}[`. ]", reference), name
