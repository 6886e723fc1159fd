"""A press or a confirmed fall of a device that is unknown or speaks from the wrong place (I7).

It cannot be judged by the rules, whose state belongs to registered devices, so it becomes a red
alert here, without a home: the stations side takes it to the top tier and to the gateway's own
station. Presses of one device within 30 s are one alert, as for a known button.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from devices.decoded import Reading
from schemas.alerts import Category, Change, ChangeKind, Sentence, Severity, alert_id, subject_name
from schemas.quantities import Fall, Sos
from schemas.readings import Flag
from schemas.times import SECOND

WINDOW = 30 * SECOND
"""The window of the sos and fall rules."""


class Stranger(NamedTuple):
    """A quarantined emergency."""

    rule: str
    at: int  # µs UTC: the device's time where it is believable, else the received time
    area: str
    gateway: str
    device: str
    why: str
    test: bool
    elders: tuple[str, ...]
    """Everyone behind its gateway, by id."""


Seen = Callable[[str, str, str, int], bool]
"""(rule, gateway, device, onset): whether an alert of it stands within `WINDOW` of the onset."""


def emergency(reading: Reading) -> str | None:
    """The rule that a reading would set off, were its device known."""
    if reading.values.get("sos") == Sos.PRESSED:
        return "sos"
    if reading.values.get("fall") == Fall.CONFIRMED:
        return "fall"
    return None


def is_test(reading: Reading) -> bool:
    return bool(reading.flags & Flag.TEST)


def alerts(strangers: Iterable[Stranger], *, seen: Seen) -> list[Change]:
    """The changes to write, one alert for each device and window."""
    changes: list[Change] = []
    latest: dict[tuple[str, str, str], int] = {}
    for stranger in strangers:
        key = (stranger.rule, stranger.gateway, stranger.device)
        last = latest.get(key)
        if last is not None and abs(stranger.at - last) < WINDOW:
            continue
        if seen(*key, stranger.at):
            continue
        latest[key] = stranger.at
        changes.append(_change(stranger))
    return changes


_WORDS = {"sos": ("按下呼救按钮", "SOS pressed"), "fall": ("确认跌倒", "Fall confirmed")}


def _change(stranger: Stranger) -> Change:
    subject = subject_name("unknown", f"{stranger.gateway}/{stranger.device}")
    zh, en = _WORDS[stranger.rule]
    place = stranger.gateway or "?"
    return Change(
        kind=ChangeKind.RAISED,
        id=alert_id(stranger.rule, subject, stranger.at),
        rule=stranger.rule,
        category=Category.EMERGENCY,
        severity=Severity.BLUE if stranger.test else Severity.RED,
        at=stranger.at,
        onset=stranger.at,
        reason=Sentence(
            zh=f"{zh}:未登记或位置不符的设备 {stranger.device}(网关 {place})",
            en=f"{en}: device {stranger.device} is unknown or misplaced (gateway {place})",
        ),
        elders=stranger.elders or None,
        gateway=stranger.gateway or None,
        test=stranger.test,
        evidence={
            "unknown_device": stranger.device,
            "area": stranger.area,
            "why": stranger.why,
        },
    )
