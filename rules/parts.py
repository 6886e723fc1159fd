"""What the models of a rule file are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from rules.sentence import Template
from schemas.alerts import Severity

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Part):
    """A template in both languages; figures stand in braces."""

    zh: Template
    en: Template


class Step(Part):
    """A severity, and the parameter that says after how long it is reached.

    `says` stands in for the block's own `raised` where one sentence does not fit all steps.
    """

    severity: Severity
    after: Word
    says: Words | None = None


class Block(Part):
    name: Word

    def used(self) -> Iterator[str]:
        """The parameters that the block names."""
        for step in getattr(self, "steps", ()):
            yield step.after
