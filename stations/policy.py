"""What a site may set about answering. Passed to whatever decides; there is no global."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from stations.channels.settings import Outlet
from stations.ladder import Ladder


class Coverage(StrEnum):
    """What it takes for a station to be covered."""

    CONFIRMED = "confirmed"
    """A worker has confirmed the shift, and a console or phone of theirs works."""
    CALENDAR = "calendar"
    """A shift of the calendar runs."""
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Policy:
    """`link` is the console's public address ("" for none); cards point at it.

    `coverage`: when a station counts as having somebody on duty; one that has nobody passes its
    pages on at once. `outlets`:
    the channels that the site has added. `visit_day`: from this day of the month on, a visit
    that was not made is a task. `holidays`: no working days.
    `storm`: so many silences of a district within 10 min are one outage.
    """

    ladder: Ladder = field(default_factory=Ladder)
    link: str = ""
    coverage: Coverage = Coverage.CALENDAR
    outlets: tuple[Outlet, ...] = ()
    visit_day: int = 20
    holidays: tuple[date, ...] = ()
    storm: int = 20


DEFAULT = Policy()
