"""How often each fault comes, how long it lasts, on what, and which alerts it makes right."""

from typing import NamedTuple

from schemas.directory import DeviceKind
from schemas.times import DAY, HOUR, MINUTE, SECOND
from simulator.household import CANONICAL, VS373
from simulator.kinds import Fault, Right

_BED, _RADAR = DeviceKind.MATTRESS, DeviceKind.FALL_SENSOR
_SILENCE = (Right("device-silent"), Right("gateway-silent"), Right("unprotected"))


class Spec(NamedTuple):
    """`chance` a day, of each home, community or district; `lasts` from, to (µs). `kinds`,
    `profiles`: the devices it can befall, none for a gateway's or an area's. `alone`: the home has
    nothing else then, so that what is expected of an incident does not hang on the fault."""

    chance: float
    lasts: tuple[int, int]
    kinds: tuple[DeviceKind, ...] = ()
    profiles: tuple[str, ...] = ()
    right: tuple[Right, ...] = ()
    alone: bool = True


_OWN_CLOCK = (CANONICAL, VS373)

OF_HOME: dict[Fault, Spec] = {
    Fault.CLOCK_JUMP: Spec(1 / 60, (20 * MINUTE, 6 * HOUR), (_BED, _RADAR), _OWN_CLOCK),
    Fault.CLOCK_ZONE: Spec(1 / 120, (2 * HOUR, 20 * HOUR), (_BED, _RADAR), _OWN_CLOCK),
    Fault.REBOOT: Spec(1 / 10, (20 * SECOND, 90 * SECOND), (_BED, _RADAR), (CANONICAL,)),
    Fault.BATTERY: Spec(1 / 120, (4 * DAY, 12 * DAY), (_BED,), (CANONICAL,), alone=False),
    Fault.FLAPPING: Spec(1 / 60, (20 * MINUTE, 5 * HOUR), (_RADAR,), _OWN_CLOCK),
    Fault.STUCK: Spec(
        1 / 120,
        (3 * HOUR, 30 * HOUR),
        (_BED, _RADAR),
        _OWN_CLOCK,
        (Right("vital-trend"), Right("no-activity"), Right("no-vitals")),
    ),
    Fault.GATEWAY_OUTAGE: Spec(1 / 30, (2 * MINUTE, 3 * HOUR), right=_SILENCE),
    Fault.FIRMWARE: Spec(1 / 60, (SECOND, 2 * SECOND), (_BED, _RADAR), _OWN_CLOCK, alone=False),
    Fault.HISTORY: Spec(
        1 / 40, (8 * MINUTE, 50 * MINUTE), (_BED, _RADAR), (CANONICAL,), right=_SILENCE
    ),
}
OF_COMMUNITY: dict[Fault, Spec] = {
    Fault.STORM: Spec(1 / 30, (2 * MINUTE, 5 * MINUTE), right=_SILENCE),
    Fault.RETAINED: Spec(1 / 15, (SECOND, 2 * SECOND)),
}
OF_DISTRICT: dict[Fault, Spec] = {
    Fault.DISTRICT_OUTAGE: Spec(1 / 20, (5 * MINUTE, 50 * MINUTE), right=_SILENCE),
}
ALWAYS: tuple[Fault, ...] = (
    Fault.LOSS,
    Fault.DUPLICATION,
    Fault.REORDERING,
    Fault.CLOCK_SKEW,
)
"""Without an episode: some of all readings, all the time."""

LOSS, DUPLICATION, REORDERING = 0.01, 0.005, 0.01
"""Shares of readings."""
TWICE_AFTER = (50_000, 5 * SECOND)
OUT_OF_ORDER = (SECOND, 20 * SECOND)
SKEWED = 0.05
"""Share of clocks that are off by up to `SKEW[1]`; the others by up to `SKEW[0]`."""
SKEW = (2 * SECOND, 40 * SECOND)
JUMP = (3 * MINUTE, 2 * HOUR)
ZONE = 8 * HOUR
BUFFERS = 0.5
"""Share of gateways that keep what they could not send; the others lose it, presses excepted."""
FLAP = 10 * SECOND
CATCHING_UP = 1500
"""What was kept is told so many times as fast as it was measured."""
EMPTY, FULL = 4.0, 100.0
"""Battery, %, at the end of its decline and after the change."""
UNSET_CLOCK = 946_684_800_000_000
"""2000-01-01: where a clock stands after a reboot, until it is set a minute later."""
CLOCK_SET_AFTER = MINUTE
WILL_AFTER = 90 * SECOND
"""A broker notices a lost connection after its keep-alive."""
