"""A press or a confirmed fall of a device that is unknown or speaks from the wrong place (I7).

It cannot be judged by the rules, whose state belongs to registered devices, so it becomes a red
alert here, without a home: the stations side takes it to the top tier and to the gateway's own
station. Presses of one device within 30 s are one alert, as for a known button.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from devices.decoded import Reading
from schemas.alerts import Category, Change, ChangeKind, Sentence, Severity, alert_id, subject_name
from schemas.quantities import Fall, Sos
from schemas.readings import Flag
from schemas.times import SECOND
from store.alerts import StrangerKey

WINDOW = 30 * SECOND
"""The window of the sos and fall rules."""

LEVEL_WINDOW = 300 * SECOND
"""Of a press that is a level and may be said every minute until it ends: the longest gap of its
repetitions by default. No state is kept of strangers, so that it pages anew after each window."""


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
    window: int
    """µs in which what it says is one emergency."""


class Seen(Protocol):
    """Whether an alert of the same emergency stands within the window (µs) of an onset."""

    def __call__(self, key: StrangerKey, *, onset: int, window: int) -> bool: ...


def emergency(reading: Reading) -> str | None:
    """The rule that a reading would set off, were its device known."""
    if reading.values.get("sos") == Sos.PRESSED:
        return "sos"
    if reading.values.get("fall") == Fall.CONFIRMED:
        return "fall"
    return None


def is_test(reading: Reading) -> bool:
    return bool(reading.flags & Flag.TEST)


def window(reading: Reading) -> int:
    """µs in which what the device says is one emergency."""
    return LEVEL_WINDOW if reading.flags & Flag.SOS_LEVEL else WINDOW


def alerts(strangers: Iterable[Stranger], *, seen: Seen) -> list[Change]:
    """The changes to write, one alert for each device and window."""
    changes: list[Change] = []
    latest: dict[StrangerKey, int] = {}
    for stranger in strangers:
        key = StrangerKey(stranger.rule, stranger.gateway, stranger.device, stranger.test)
        last = latest.get(key)
        if last is not None and abs(stranger.at - last) < stranger.window:
            continue
        if seen(key, onset=stranger.at, window=stranger.window):
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
