"""Trips that the station was told of beforehand: what stands in away.csv."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.directory import Away, Directory
from schemas.times import DAY, MINUTE, from_micros
from simulator.dice import Dice, key_of
from simulator.kinds import Incident, Kind
from simulator.people import ALONE

_SHARE = 0.5
"""Of the trips of those who live alone; of the others nobody says a word."""
_GONE_AFTER = 10 * MINUTE
"""From leaving until being away: what sensors see last of a person is no sign of a return."""


def announce(directory: Directory, incidents: Iterable[Incident], *, seed: int) -> Directory:
    """The directory with those away whose trips were announced."""
    dice = Dice(seed, "announced")
    alone = {e.id for e in directory.elders if e.living in ALONE}
    away = tuple(
        Away.model_validate(
            {
                "elder": i.elder,
                "from": from_micros(i.at + _GONE_AFTER),
                "until": from_micros(i.ends),
            }
        )
        for i in incidents
        if i.kind is Kind.TRIP
        and i.elder in alone
        and dice.chance(_SHARE, key_of(i.elder), i.at // DAY)
    )
    return directory.model_copy(update={"away": directory.away + away})
