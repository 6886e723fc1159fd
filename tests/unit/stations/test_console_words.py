"""Both catalogues say everything, with the same values."""

import re
import string
from pathlib import Path

import pytest

from schemas.alerts import Severity
from schemas.directory import DeviceKind, Level, Living, Location, Role
from stations.console import words
from stations.console.cards import QUICK_TEST
from stations.deed import PROGRESS, Action, CallResult, Outcome, Reached
from stations.policy import Coverage

CONSOLE = Path(words.__file__).parent
CATALOGUES = words.load()


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_no_string_is_missing_or_empty_in_either_language() -> None:
    zh, en = CATALOGUES["zh"].strings, CATALOGUES["en"].strings
    assert zh.keys() == en.keys()
    for key in zh:
        assert zh[key].strip(), key
        assert en[key].strip(), key
        assert _fields(zh[key]) == _fields(en[key]), key


def test_every_key_that_a_page_or_handler_names_exists() -> None:
    named: set[str] = set()
    for page in (CONSOLE / "templates").rglob("*.html"):
        named |= set(re.findall(r"\bt\('([a-z_.]+)'", page.read_text(encoding="utf-8")))
    for module in CONSOLE.rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        named |= set(re.findall(r"\bwords\(\"([a-z_.]+)\"", text))
        named |= set(re.findall(r"problem=\"([a-z_.]+)\"", text))
        named |= set(re.findall(r"Next\(\"([a-z_.]+)\"", text))
    known = CATALOGUES["zh"].strings.keys()
    whole = {key for key in named if not key.endswith((".", "_"))}  # the others are begun there
    assert len(whole) > 150
    assert whole <= known
    for begun in named - whole:
        assert any(key.startswith(begun) for key in known), begun


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_word_of_the_domain_has_its_words(language: words.Language) -> None:
    keys = [
        *(f"severity.{s}" for s in Severity), *(f"urgency.{s}" for s in Severity),
        *(f"living.{x}" for x in Living), *(f"care.{n}" for n in range(5)),
        *(f"level.{x}" for x in Level), *(f"step.{s}" for s in (*PROGRESS, "closed")),
        *(f"action.{a}" for a in Action), *(f"event.{a}" for a in Action),
        *(f"outcome.{o}" for o in Outcome), *(f"reached.{r}" for r in Reached),
        *(f"device.{k}" for k in DeviceKind), *(f"location.{x}" for x in Location),
        *(f"result.{r}" for r in CallResult), *(f"staff.role_{r}" for r in Role),
        *(f"staff.coverage_{c}" for c in Coverage),
        *(f"quick.{o}_{r}" for o, r in QUICK_TEST),
    ]  # fmt: skip
    missing = [key for key in keys if key not in CATALOGUES[language].strings]
    assert missing == []


def test_a_missing_key_or_value_is_an_error() -> None:
    zh = CATALOGUES["zh"]
    with pytest.raises(KeyError):
        zh("no.such")
    with pytest.raises(KeyError):
        zh("login.wait")
    assert zh.either("event.unheard_of", "unheard_of") == "unheard_of"
