"""What a site may set about answering. Passed to whatever decides; there is no global."""

from dataclasses import dataclass, field

from stations.channels.settings import Outlet
from stations.ladder import Ladder


@dataclass(frozen=True, slots=True)
class Policy:
    """`link` is the console's public address ("" for none); cards point at it.

    `follow_duty`: whether a station with nobody on duty passes its pages on at once. `outlets`:
    the channels that the site has added. `visit_day`: from this day of the month on, a visit
    that was not made is a task.
    """

    ladder: Ladder = field(default_factory=Ladder)
    link: str = ""
    follow_duty: bool = True
    outlets: tuple[Outlet, ...] = ()
    visit_day: int = 20


DEFAULT = Policy()
