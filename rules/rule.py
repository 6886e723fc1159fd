"""What a rule file says, checked: the models that the TOML is read into.

A rule is one or more alert blocks of a kind (`rules.blocks`), the figures they use, and who gets
which figures.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated, Any

from pydantic import Field

from rules.blocks import WORDS, AnyBlock
from rules.parts import Part, Word, Words
from schemas.alerts import Category
from schemas.directory import Living

Figure = float | str


class When(Part):
    """Other figures for some elders; the last block that fits wins."""

    living: tuple[Living, ...] | None = None
    care_level: tuple[Annotated[int, Field(ge=0, le=4)], ...] | None = None
    set: dict[Word, Figure]


class Rule(Part):
    """One file of the catalogue. `least`: the smallest figure an override may set."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    title: Words
    category: Category
    source: str
    parameters: dict[Word, Figure] = Field(default_factory=dict)
    least: dict[Word, float] = Field(default_factory=dict)
    when: tuple[When, ...] = ()
    alert: tuple[AnyBlock, ...] = Field(min_length=1)

    def fingerprint(self) -> str:
        """Changes whenever the rule may judge differently; not with its wording."""
        wording: dict[str, Any] = dict.fromkeys(WORDS, True)
        wording["steps"] = {"__all__": {"says"}}
        text = self.model_dump_json(
            exclude={"title": True, "source": True, "alert": {"__all__": wording}}
        )
        return blake2b(text.encode(), digest_size=16).hexdigest()
