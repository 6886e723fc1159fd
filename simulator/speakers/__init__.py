"""The regular reports of each kind of device, a window of time at a go."""

from schemas.directory import DeviceKind
from simulator.household import BED_BAND, CANONICAL, VS373, WS101, Z2M_SOS
from simulator.roster import Group
from simulator.speakers.base import Speaker
from simulator.speakers.canonical import Button, Mattress, Radar
from simulator.speakers.native import BedBand, Vs373, Ws101, Z2mButton
from simulator.world import World

__all__ = ["SPOKEN", "Speaker", "make_speaker"]

_SPEAKERS: dict[tuple[DeviceKind, str], type[Speaker]] = {
    (DeviceKind.MATTRESS, CANONICAL): Mattress,
    (DeviceKind.FALL_SENSOR, CANONICAL): Radar,
    (DeviceKind.SOS_BUTTON, CANONICAL): Button,
    (DeviceKind.MATTRESS, BED_BAND): BedBand,
    (DeviceKind.FALL_SENSOR, VS373): Vs373,
    (DeviceKind.SOS_BUTTON, Z2M_SOS): Z2mButton,
    (DeviceKind.SOS_BUTTON, WS101): Ws101,
}
SPOKEN = frozenset(_SPEAKERS)
"""Kinds and profiles that the simulator speaks for."""


def make_speaker(world: World, group: Group) -> Speaker:
    """ValueError where nothing here speaks for the group's kind and profile."""
    try:
        return _SPEAKERS[group.kind, group.profile](world, group)
    except KeyError:
        device = group.devices[0]
        raise ValueError(
            f"the simulator does not speak for {device.id}: {group.kind}, {group.profile}"
        ) from None
