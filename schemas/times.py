"""Times are int64 microseconds UTC inside, RFC 3339 outside.

Nothing here reads a clock: the composition root does, and passes the time on (I8).
"""

from datetime import UTC, datetime, timedelta

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

NEVER = -(2**62)
"""Smaller than any real time: "has not happened". Safe to add a duration to in int64."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(when: datetime) -> int:
    """Microseconds since the epoch. `when` must carry a zone (ValueError otherwise)."""
    if when.tzinfo is None:
        raise ValueError(f"a time without a zone: {when.isoformat()}")
    since = when - _EPOCH  # by its parts: dividing a timedelta takes twice as long
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def from_micros(micros: int) -> datetime:
    """An aware UTC datetime; OverflowError outside the years 1–9999."""
    return _EPOCH + timedelta(microseconds=int(micros))


def parse_rfc3339(text: str) -> int:
    """Microseconds from an RFC 3339 time with zone; ValueError says what is wrong with it.

    Digits beyond the microsecond are cut, as brokers write nanoseconds.
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"not an RFC 3339 time: {text[:40]!r}") from None
    if when.tzinfo is None:
        raise ValueError(f"an RFC 3339 time needs a zone (Z or +08:00): {text[:40]!r}")
    return to_micros(when)


def format_rfc3339(micros: int) -> str:
    """RFC 3339 UTC with a `Z`, microseconds only where there are some."""
    return from_micros(micros).isoformat().replace("+00:00", "Z")
