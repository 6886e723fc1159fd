"""Documents cannot drift: what they name exists, and what exists is described."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

from vigil.cli import app
from vigil.settings import Settings

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted(
    p for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("devices/**/*.md")]
)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text())
    local = [t for t in targets if "://" not in t]
    assert [t for t in local if not (document.parent / t).exists()] == []


def commands() -> set[str]:
    found: set[str] = set()

    def walk(command: Any, path: str) -> None:
        below = getattr(command, "commands", None)
        if below is None:
            found.add(path)
        for sub, child in (below or {}).items():
            walk(child, f"{path} {sub}".strip())

    walk(typer.main.get_command(app), "")
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_commands_in_examples_exist(document: Path) -> None:
    known = commands()
    groups = {c.split()[0] for c in known if " " in c}
    for block in re.findall(r"```sh\n(.*?)```", document.read_text(), re.DOTALL):
        for words in re.findall(r"^vigil ([a-z]+)(?: ([a-z]+))?", block, re.MULTILINE):
            first, second = words
            assert (f"{first} {second}" if first in groups else first) in known


def settings_without_words(model: type[BaseModel], path: str = "") -> list[str]:
    missing = []
    for field_name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if kind.__module__ != "stations.ladder":  # documented in the ladder's reference
                missing += settings_without_words(kind, f"{path}{field_name}.")
        elif not field.description:
            missing.append(path + field_name)
    return missing


def test_every_setting_is_described() -> None:
    assert settings_without_words(Settings) == []


def test_the_readme_begins_with_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert 0 < text.index("make demo") < text.index("make test") < text.index("## Ways in")
