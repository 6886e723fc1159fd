"""What people type into forms, made safe: no control characters, a bounded length, times that are
ones."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from stations.refused import Refused

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LINE, _NOTE = 200, 2000


def line(form: FormData, name: str) -> str:
    """One line, "" where nothing was typed."""
    return " ".join(_CONTROL.sub("", str(form.get(name) or "")).split())[:_LINE]


def note(form: FormData, name: str = "note") -> str | None:
    return _CONTROL.sub("", str(form.get(name) or "")).strip()[:_NOTE] or None


def moment(form: FormData, name: str, zone: ZoneInfo) -> datetime | None:
    """A date and time as a browser's field sends it, in the reader's zone; None where it is empty.
    400 for anything else."""
    text = str(form.get(name) or "")
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise HTTPException(400) from None
    return when.replace(tzinfo=zone).astimezone(UTC) if when.tzinfo is None else when


def day(text: str | None) -> date | None:
    """A calendar day; None for what is none."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def hour(text: str | None) -> time | None:
    """A time of day; None for what is none."""
    try:
        found = time.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is None else None


def minutes(form: FormData, name: str) -> timedelta:
    """A span in minutes; Refused `too_long` where it is none."""
    text = line(form, name)
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise Refused("too_long")
    return timedelta(minutes=int(text))
