"""`run.json`: what a simulated run was made with, beside its capture and truth.

With it a score knows the period, and anybody can make the same bytes again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

NAME = "run.json"


class RunNote(BaseModel):
    """`start` and `until`: µs UTC. `street`: the area of the only street that is here, of a fleet
    of `homes` that went street by street."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    homes: int
    seed: int
    start: int
    until: int
    faults: tuple[str, ...] = ()
    version: str
    street: str | None = None

    @classmethod
    def beside(cls, file: Path) -> Self | None:
        """The note in a file's folder; None where there is none. ValueError for a broken one."""
        path = file.parent / NAME
        return cls.model_validate_json(path.read_bytes()) if path.exists() else None

    def write(self, folder: Path) -> None:
        (folder / NAME).write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
