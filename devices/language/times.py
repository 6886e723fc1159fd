"""Time formats of devices → µs UTC. Nothing here reads a clock."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from devices.decoded import FIRST_TS, LAST_TS, DecodeError, show
from devices.language.tokens import number
from devices.message import Incoming
from schemas.times import SECOND, parse_rfc3339, to_micros

Clock = Callable[[object, Incoming], int]
"""(raw value, message) → µs UTC; DecodeError `time` for what cannot be read."""

_RELATIVE = 2**28
_LAST_SECOND = 59
_EPOCH_SIZES = ((1e11, SECOND), (1e14, 1_000), (1e17, 1))
"""Below which size a number since 1970 is how many µs each; beyond the last, nanoseconds."""
_DIRECTIVES = {"Y": r"\d{4}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "M": r"\d{1,2}"}
_SECONDS = {f"{n:02}": n * SECOND for n in range(_LAST_SECOND + 1)}
_LAST_SECONDS = re.compile(r"(.*%M)([^%\w]+)%S(\.%f)?")
_DIGITS = 6
_SHORT = 40
_DIRECTIVES |= {"S": r"\d{1,2}", "f": r"\d{1,6}"}


def compile_time(form: str, layout: str | None) -> Clock:
    """The reader for a format of `spec.Time`; `layout` (strptime's Y m d H M S f) for `local`."""
    if form == "rfc3339":
        return _rfc3339
    if form == "local":
        return _local(layout or "%Y-%m-%d %H:%M:%S")
    if form == "senml":
        return _senml
    if form == "epoch":
        return _epoch_of_any_size
    return _epoch(1_000 if form == "epoch_ms" else SECOND)


def _rfc3339(raw: object, _message: Incoming) -> int:
    if type(raw) is not str:
        raise DecodeError("time", f"the time is RFC 3339 text, not {show(raw)}")
    try:
        ts = parse_rfc3339(raw)
    except (ValueError, OverflowError) as error:
        raise DecodeError("time", str(error)) from None
    return _in_range(ts, raw)


def _epoch(micros: int) -> Clock:
    def read(raw: object, _message: Incoming) -> int:
        if type(raw) is int and FIRST_TS <= (ts := raw * micros) <= LAST_TS:
            return ts
        return _in_range(round(number(raw, "the time") * micros), raw)

    return read


def _epoch_of_any_size(raw: object, _message: Incoming) -> int:
    """Seconds below 10^11 (the year 5138), milliseconds below 10^14, and so on by thousands."""
    value = number(raw, "the time")
    size = abs(value)
    for bound, scale in _EPOCH_SIZES:
        if size < bound:
            return _in_range(round(value * scale), raw)
    return _in_range(round(value / 1_000), raw)


def _senml(raw: object, message: Incoming) -> int:
    """RFC 8428, section 4.5.3: values below 2^28 are relative to now."""
    seconds = number(raw, "the time")
    ts = round(seconds * SECOND)
    return _in_range(ts + message.received if seconds < _RELATIVE else ts, raw)


def _in_range(ts: int, raw: object) -> int:
    if not FIRST_TS <= ts <= LAST_TS:
        raise DecodeError("time", f"no year from 1 to 9999: {show(raw)}")
    return ts


def layout_regex(layout: str) -> re.Pattern[str]:
    """The pattern of a layout; ValueError where it names no date or an unknown directive."""
    text = ""
    for part in re.split(r"(%.)", layout):
        if part.startswith("%"):
            if part[1:] not in _DIRECTIVES:
                raise ValueError(f"a layout is made of %Y %m %d %H %M %S %f, not {part}")
            text += f"(?P<{part[1]}>{_DIRECTIVES[part[1]]})"
        else:
            text += re.escape(part)
    if missing := [d for d in "Ymd" if f"%{d}" not in layout]:
        raise ValueError("a layout needs %" + " and %".join(missing))
    try:
        return re.compile(text, re.ASCII)
    except re.error as error:
        raise ValueError(f"not a layout: {layout!r} ({error})") from None


def _local(layout: str) -> Clock:
    exact = _exact(layout)
    quick = _quick(layout)

    def read(raw: object, message: Incoming) -> int:
        ts = None
        if type(raw) is str:
            raw = raw.strip()
            ts = (quick and quick(raw, message.zone)) or exact(raw, message.zone)
        if ts is None:
            raise DecodeError("time", f"the time is text like {layout}, not {show(raw)}")
        return _in_range(ts, raw)

    return read


def _exact(layout: str) -> Callable[[str, str], int | None]:
    """(text, zone) → µs UTC; None where the text is not as the layout says."""
    regex = layout_regex(layout)
    groups = [regex.groupindex.get(directive, 0) for directive in "YmdHMSf"]

    def read(text: str, zone: str) -> int | None:
        match = regex.fullmatch(text)
        if match is None:
            return None
        *minute, second = [int(match[group]) if group else 0 for group in groups[:6]]
        fraction = match[groups[6]] if groups[6] else "0"
        if second > _LAST_SECOND:
            raise DecodeError("time", f"no such time: {show(text)}")
        try:
            ts = to_micros(datetime(*minute, tzinfo=_zone(zone)))  # type: ignore[misc, arg-type]
        except (ValueError, OverflowError) as error:
            raise DecodeError("time", f"no such time: {show(text)} ({error})") from None
        return ts + second * SECOND + int(fraction.ljust(6, "0"))

    return read


def _quick(layout: str) -> Callable[[str, str], int | None] | None:
    """The same for layouts that end in `:%S` or the like; None where the exact way must look.

    Readings of one minute come together: only the first looks at the calendar and the zone's rules.
    """
    parts = _LAST_SECONDS.fullmatch(layout)
    if parts is None:
        return None
    exact = lru_cache(maxsize=4096)(_exact(parts[1]))
    separator, has_fraction = parts[2], bool(parts[3])

    def read(text: str, zone: str) -> int | None:
        minute, _, second = text.rpartition(separator)
        if has_fraction:
            second, _, fraction = second.partition(".")
            if not (fraction.isascii() and fraction.isdigit() and len(fraction) <= _DIGITS):
                return None
            micros = int(fraction.ljust(_DIGITS, "0"))
        else:
            micros = 0
        if second not in _SECONDS or len(minute) > _SHORT:
            return None
        ts = exact(minute, zone)
        return None if ts is None else ts + _SECONDS[second] + micros

    return read


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
