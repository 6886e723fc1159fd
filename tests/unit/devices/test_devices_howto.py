"""The tutorial's own files pass the check, and the reference is made from the code."""

import re
from pathlib import Path

import pytest

from devices.check import check
from devices.language import spec
from devices.reference import PAGE, reference

TEXT = (Path(__file__).parents[3] / "docs" / "how-to" / "add-a-device.md").read_text("utf-8")
SPECS = spec.Spec.__subclasses__()
STRANGE = TEXT[TEXT.index("| the device | the profile |") :]
SNIPPETS = [s for s in re.findall(r"`([^`]+)`", STRANGE) if " = " in s]
BLOCKS = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


def test_the_worked_example_works(tmp_path: Path) -> None:
    profile, examples = BLOCKS
    folder = tmp_path / "acme-bed-pad"
    folder.mkdir()
    (folder / "profile.toml").write_text(profile, encoding="utf-8")
    (folder / "examples.toml").write_text(examples, encoding="utf-8")
    (folder / "README.md").write_text("An invented bed pad.")
    assert check(tmp_path) == []


def test_the_reference_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == reference(page), "run python -m devices.reference"


@pytest.mark.parametrize("model", [spec.Profile, *SPECS], ids=lambda m: m.__name__)
def test_every_key_is_described(model: type[spec.Spec]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_every_table_of_the_language_is_in_the_reference() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for model in SPECS:
        assert model.__doc__
        assert model.__doc__ in page, model


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_what_the_table_of_strange_devices_says_is_in_the_language(snippet: str) -> None:
    keys = re.findall(r"(?:^|[{,] *)([a-z_.]+) =", snippet)
    known = {f.alias or n for model in SPECS for n, f in model.model_fields.items()}
    for key in keys:
        assert key.split(".")[0] in known | {"sos", "true", "false"}, snippet
