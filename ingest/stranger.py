"""A press or a confirmed fall of a device that is unknown or speaks from the wrong place (I7).

It cannot be judged by the rules, whose state belongs to registered devices, so it becomes a red
alert here, without a home: the stations side takes it to the top tier and to the gateway's own
station. What makes a new emergency is what makes one for a registered device: copies within 30 s
are one, and a state that is said again while it holds is one until its end is said, or until it was
not said for so long that its end must have been lost.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from devices.decoded import Reading
from devices.profile import Profile
from schemas.alerts import Category, Change, ChangeKind, Sentence, Severity, alert_id, subject_name
from schemas.quantities import Fall, Sos
from schemas.readings import Flag
from schemas.times import SECOND
from store.strangers import Run, StrangerKey

WINDOW = 30 * SECOND
"""The window of the sos and fall rules."""

_MISSED = 3
"""So many reports may be lost before a fall that was not said again has ended."""


class Word(NamedTuple):
    """What a reading says of one rule's emergency."""

    rule: str
    ends: bool
    """The state is over: no emergency, but the next one is new."""
    holds: int
    """µs for which the state holds unless it is said again; 0: an event of its own."""


class Stranger(NamedTuple):
    """A word of an emergency by a quarantined device."""

    word: Word
    at: int  # µs UTC: the device's time where it is believable, else the received time
    area: str
    gateway: str
    device: str
    why: str
    test: bool
    elders: tuple[str, ...]
    """Everyone behind its gateway, by id."""

    @property
    def key(self) -> StrangerKey:
        return StrangerKey(self.word.rule, self.gateway, self.device, self.test)


class Seen(Protocol):
    """Whether an alert of the same emergency stands within the window (µs) of an onset."""

    def __call__(self, key: StrangerKey, *, onset: int, window: int) -> bool: ...


class Runs:
    """The states that hold, as they were and as they are after what was heard."""

    def __init__(self, known: dict[StrangerKey, Run]) -> None:
        self._known = known
        self.changed: dict[StrangerKey, Run | None] = {}
        """What is no longer as it was; None where it has ended."""

    def of(self, key: StrangerKey) -> Run | None:
        return self.changed[key] if key in self.changed else self._known.get(key)

    def put(self, key: StrangerKey, run: Run | None) -> None:
        self.changed[key] = run


def words(reading: Reading, profile: Profile) -> list[Word]:
    """What a reading says of a press or a fall, were its device known to the rules.

    Of the past only that it was: a history frame neither holds nor ends anything.
    """
    said, spec, flags = reading.values, profile.spec, reading.flags
    sos, fall = said.get("sos"), said.get("fall")
    is_now = not flags & Flag.HISTORY
    found: list[Word] = []
    is_level = bool(flags & Flag.SOS_LEVEL) and is_now
    if sos == Sos.PRESSED:
        found.append(Word("sos", False, spec.repeats_s * SECOND if is_level else 0))
    elif sos == Sos.CANCELLED and is_level:
        found.append(Word("sos", True, 0))
    is_level = not flags & Flag.FALL_EVENT and is_now
    if fall == Fall.CONFIRMED:
        lost_after = max(spec.repeats_s, _MISSED * spec.interval_s)
        found.append(Word("fall", False, lost_after * SECOND if is_level else 0))
    elif fall is not None and is_level:
        found.append(Word("fall", True, 0))
    return found


def is_test(reading: Reading) -> bool:
    return bool(reading.flags & Flag.TEST)


def alerts(strangers: Iterable[Stranger], *, seen: Seen, runs: Runs) -> list[Change]:
    """The changes to write, one alert for each emergency; `runs` is brought up to date."""
    changes: list[Change] = []
    latest: dict[StrangerKey, int] = {}
    for stranger in strangers:
        if _goes_on(stranger, runs):
            continue
        key = stranger.key
        last = latest.get(key)
        if last is not None and abs(stranger.at - last) < WINDOW:
            continue
        if seen(key, onset=stranger.at, window=WINDOW):
            continue
        latest[key] = stranger.at
        changes.append(_change(stranger))
    return changes


def _goes_on(stranger: Stranger, runs: Runs) -> bool:
    """Whether a state merely goes on, or ends: then there is nothing to tell."""
    key, at, word = stranger.key, stranger.at, stranger.word
    run = runs.of(key)
    if word.ends:
        if run is not None and at >= run.said:
            runs.put(key, None)
        return True
    if not word.holds:
        return False
    if run is None or at >= run.said:
        runs.put(key, Run(at, at + word.holds))
    return run is not None and run.said - word.holds < at < run.until


_WORDS = {"sos": ("按下呼救按钮", "SOS pressed"), "fall": ("确认跌倒", "Fall confirmed")}


def _change(stranger: Stranger) -> Change:
    rule = stranger.word.rule
    subject = subject_name("unknown", f"{stranger.gateway}/{stranger.device}")
    zh, en = _WORDS[rule]
    place = stranger.gateway or "?"
    return Change(
        kind=ChangeKind.RAISED,
        id=alert_id(rule, subject, stranger.at),
        rule=rule,
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
