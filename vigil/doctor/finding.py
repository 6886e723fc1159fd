"""What was found, why it matters, and what to do."""

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    OK = "ok"
    UNSEEN = "unseen"
    """Cannot be seen from here; `do` says how to make sure."""
    WARNING = "warning"
    """Works, but not as well or as safely as it could."""
    BAD = "bad"
    """Loses messages, keeps alerts from somebody, or does not work at all."""


class Finding(NamedTuple):
    level: Level
    what: str
    found: str
    why: str = ""
    do: str = ""
    """The exact line to set, where there is one."""

    def text(self) -> str:
        said = ". ".join(part for part in (self.found, self.why, self.do) if part)
        return f"{self.level.upper():<8} {self.what}: {said}"


def ok(what: str, found: str) -> Finding:
    return Finding(Level.OK, what, found)


def bad(what: str, found: str, *, why: str = "", do: str = "") -> Finding:
    return Finding(Level.BAD, what, found, why, do)


def warning(what: str, found: str, *, why: str = "", do: str = "") -> Finding:
    return Finding(Level.WARNING, what, found, why, do)
