"""The words people read, from catalogue files of each language; Chinese comes first.

A missing string is an error at once, never an empty label; tests compare the catalogues.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from schemas.alerts import Sentence

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

_FOLDER = Path(__file__).parent / "catalogue"


class Words:
    """One language. Called with a key such as `board.title` and the values it names."""

    def __init__(self, language: Language, strings: Mapping[str, str]) -> None:
        self.language = language
        self.strings = strings

    def __call__(self, key: str, /, **values: object) -> str:
        """The string; KeyError for a key that no catalogue has or a value that is not given."""
        return self.strings[key].format(**values)

    def of(self, sentence: Sentence) -> str:
        """A sentence that stands in both languages."""
        return sentence.zh if self.language == "zh" else sentence.en

    def either(self, key: str, otherwise: str) -> str:
        """The string, or what is to be shown for a word that came from outside."""
        return self.strings.get(key, otherwise)


def load(folder: Path = _FOLDER) -> dict[Language, Words]:
    """Both catalogues of a folder, read once at start."""
    return {language: Words(language, _read(folder, language)) for language in LANGUAGES}


def _read(folder: Path, language: Language) -> dict[str, str]:
    """`zh.toml` and every `<name>.zh.toml` beside it; ValueError for a key that stands twice."""
    found: dict[str, str] = {}
    for file in sorted(folder.glob(f"*{language}.toml")):
        strings = dict(_flat("", tomllib.loads(file.read_text(encoding="utf-8"))))
        if twice := sorted(found.keys() & strings.keys()):
            raise ValueError(f"{file.name}: {', '.join(twice)} stand in another file too")
        found |= strings
    return found


def _flat(prefix: str, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            found += _flat(f"{prefix}{key}.", value)
        else:
            found.append((prefix + key, value))
    return found
