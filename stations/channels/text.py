"""A page in words, for channels that people read. Names and the address only where given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_SEVERITY = {"red": ("红色", "RED"), "orange": ("橙色", "ORANGE"), "blue": ("蓝色", "BLUE")}
_LABELS = {"test": ("【测试】", "[TEST] "), "late": ("【迟到】", "[LATE] ")}


@dataclass(frozen=True, slots=True)
class Personal:
    """Who lives where it happened; for channels with `personal = true` only."""

    names: tuple[str, ...]
    address: str | None


def title(card: Mapping[str, Any], *, language: str) -> str:
    """One line: how urgent, which station is asked, which incident."""
    at = _index(language)
    labels = "".join(words[at] for flag, words in _LABELS.items() if card[flag])
    severity = _SEVERITY[card["severity"]][at]
    if language == "zh":
        return f"{labels}【{severity}】{card['station']} 请接警"
    return f"{labels}[{severity}] {card['station']}: please answer"


def body(card: Mapping[str, Any], *, language: str, personal: Personal | None) -> str:
    """What happened, where, since when (UTC offset included), and the link behind the login."""
    zh = language == "zh"
    where = card["home"] or card["gateway"] or "–"
    lines = [card["reason"][language]]
    if personal is not None and personal.names:
        lines.append(("老人：" if zh else "Who: ") + ("、" if zh else ", ").join(personal.names))
    if personal is not None and personal.address:
        lines.append(("地址：" if zh else "Where: ") + personal.address)
    lines += [
        ("住户：" if zh else "Home: ") + where,
        ("时间：" if zh else "At: ") + _minute(card["onset"]),
        ("编号：" if zh else "Incident: ") + f"{card['incident'][:8]}-{card['revision']}",
    ]
    if card["link"]:
        lines.append(card["link"])
    return "\n".join(lines)


def _index(language: str) -> int:
    return 0 if language == "zh" else 1


def _minute(when: str) -> str:
    return datetime.fromisoformat(when).strftime("%Y-%m-%d %H:%M:%S UTC")
