"""How long a device's word holds, and the durations that every rule shares.

All µs. The silence limits are the practice of zigbee2mqtt and of the telecare trade: ten minutes
and more for what has mains or a bed, a day and an hour for a battery button.
"""

import numpy as np
from numpy.typing import NDArray

from schemas.directory import DeviceKind
from schemas.registry import KINDS, Devices
from schemas.times import DAY, HOUR, MINUTE, SECOND

FOREVER = 2**61
"""Later than any real time: "no deadline". Safe to add a duration to in int64."""

LATENESS = 5 * SECOND
HISTORY_AGE = 5 * MINUTE
"""A reading older than this behind the clock is history."""
STALE_HISTORY_AGE = DAY
"""An emergency further behind than this is only looked into (blue)."""
REJOIN = 30 * MINUTE
"""The same rule on the same subject within this of clearing is the same alert."""
STALE_INTERVALS = 3

SILENCE = {
    DeviceKind.MATTRESS: 15 * MINUTE,
    DeviceKind.FALL_SENSOR: 5 * MINUTE,
    DeviceKind.SOS_BUTTON: 25 * HOUR,
}


LEAST_SILENCE = 5 * MINUTE
"""No device, and so no gateway, counts as silent earlier."""

MAINS_SILENCE = SILENCE[DeviceKind.FALL_SENSOR]
"""Of what is on mains, whatever its kind; a mattress keeps its own."""


def own_silence_us(devices: Devices) -> NDArray[np.int64]:
    """The limit that a device's model sets in place of its kind's: int64 µs, 0 for none."""
    is_mattress = devices.kind == KINDS.index(DeviceKind.MATTRESS)
    by_mains = np.where(devices.mains & ~is_mattress, MAINS_SILENCE, 0)
    return np.where(devices.silence_us > 0, devices.silence_us, by_mains).astype(np.int64)


def stale_us(devices: Devices) -> NDArray[np.int64]:
    """How long a periodic quantity of each device holds: int64 µs per device row."""
    return STALE_INTERVALS * devices.interval_us


def hold_us(devices: Devices) -> NDArray[np.int64]:
    """How long a level that is reported on change holds: the device's silence limit."""
    by_kind = np.array([SILENCE[kind] for kind in KINDS], np.int64)
    own = own_silence_us(devices)
    limit = np.where(own > 0, own, by_kind[devices.kind])
    return np.maximum(limit, stale_us(devices))
