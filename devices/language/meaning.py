"""Whether a press or a fall is an event or a level, as the flags of its reading."""

from collections.abc import Iterable

from schemas.readings import Flag

_MEANINGS = {("sos", "level"): int(Flag.SOS_LEVEL), ("fall", "event"): int(Flag.FALL_EVENT)}
"""An sos is an event and a fall a level, unless the profile says otherwise."""


def meaning(names: Iterable[str], said: str | None) -> int:
    """The flags for quantities of which a profile says `event`, `level` or nothing."""
    return sum(_MEANINGS.get((name, said or ""), 0) for name in names)
