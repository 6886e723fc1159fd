"""Topic patterns of profiles, and which of them a topic matches.

A pattern is a device's own topic with `{name}` where a part varies: a whole level (`{id}`), or
part of one (`{app}@{tenant}`); `+` is any one level, and a last `#` any rest. Literal text is
preferred to a capture, and a capture to `#`: `zigbee2mqtt/bridge/#` wins over `zigbee2mqtt/{id}/x`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

Captures = dict[str, str]

_NAME = re.compile(r"\{([a-z_]+)\}")


class Pattern:
    """A parsed pattern; ValueError for text that is none."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.levels = text.split("/")
        self.names = _NAME.findall(text)
        if not text or len(set(self.names)) != len(self.names):
            raise ValueError(f"a topic pattern with each capture once, not {text!r}")
        for place, level in enumerate(self.levels):
            rest = _NAME.sub("", level)
            odd = rest not in ("+", "#") and any(c in rest for c in "+#{}")
            if odd or (rest == "#" and (level != "#" or place != len(self.levels) - 1)):
                text = "`+` and `{name}` stand for one level, `#` for the rest"
                raise ValueError(f"{text}: {level!r} will not do")
        self.edges = [_edge(level) for level in self.levels]
        self.filter = "/".join(self.edges)
        """The MQTT subscription filter that covers the pattern."""

    def capturer(self) -> Callable[[list[str]], Captures | None]:
        """A function from a topic's levels, which match `filter`, to the captures.

        It answers None where a partly variable level does not match.
        """
        whole = [(i, m[1]) for i, x in enumerate(self.levels) if (m := _NAME.fullmatch(x))]
        partly = [(i, _regex(x)) for i, x in enumerate(self.levels) if _is_partly(x)]
        if not partly and len(whole) == 1:
            ((place, only),) = whole
            return lambda levels: {only: levels[place]}
        if not partly:
            return lambda levels: {name: levels[i] for i, name in whole}

        def capture(levels: list[str]) -> Captures | None:
            found = {name: levels[i] for i, name in whole}
            for i, regex in partly:
                match = regex.fullmatch(levels[i])
                if match is None:
                    return None
                found |= match.groupdict()
            return found

        return capture


def _is_partly(level: str) -> bool:
    return bool(_NAME.search(level)) and not _NAME.fullmatch(level)


def _edge(level: str) -> str:
    return "+" if _NAME.search(level) else level


def _regex(level: str) -> re.Pattern[str]:
    parts = _NAME.split(level)
    literal, names = parts[::2], parts[1::2]
    text = re.escape(literal[0])
    for name, after in zip(names, literal[1:], strict=True):
        text += f"(?P<{name}>.+?)" + re.escape(after)
    return re.compile(text, re.DOTALL)


@dataclass(slots=True)
class Tree(Generic[T]):
    """What stands at each pattern, found by walking a topic's levels once."""

    here: list[T] = field(default_factory=list)
    rest: list[T] = field(default_factory=list)
    literal: dict[str, "Tree[T]"] = field(default_factory=dict)
    any: "Tree[T] | None" = None

    def add(self, pattern: Pattern, what: T) -> None:
        node = self
        for edge in pattern.edges:
            if edge == "#":
                node.rest.append(what)
                return
            if edge == "+":
                node.any = node = node.any or Tree()
            else:
                node = node.literal.setdefault(edge, Tree())
        node.here.append(what)

    def find(self, levels: list[str]) -> list[T]:
        """What matches, the most specific first."""
        found: list[T] = []
        self._collect(levels, 0, found)
        return found

    def _collect(self, levels: list[str], at: int, found: list[T]) -> None:
        if at == len(levels):
            found += self.here
        else:
            if (node := self.literal.get(levels[at])) is not None:
                node._collect(levels, at + 1, found)  # noqa: SLF001 (a node of the same tree)
            if (node := self.any) is not None:
                node._collect(levels, at + 1, found)  # noqa: SLF001
        if self.rest:
            found += self.rest


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic that filter `narrow` takes is taken by filter `wide` too."""
    ours, theirs = wide.split("/"), narrow.split("/")
    for i, level in enumerate(ours):
        if level == "#":
            return True
        if i >= len(theirs) or theirs[i] == "#" or level not in ("+", theirs[i]):
            return False
    return len(ours) == len(theirs)
