"""How long each device and each gateway may be silent."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rules.blocks import SilenceBlock
from rules.groups import indices
from rules.limits import LEAST_SILENCE, own_silence_us
from rules.parameters import Parameters
from rules.world import World
from schemas.registry import KINDS

Int64 = NDArray[np.int64]


def device_limits(world: World, block: SilenceBlock | None, parameters: Parameters | None) -> Int64:
    """int64 µs by device row: what `block` says of its kind or its model of itself, three
    intervals where that is longer; the defaults without a block."""
    if block is None or parameters is None:
        return np.asarray(np.maximum(world.hold[:], LEAST_SILENCE))
    devices = world.registry.devices
    limit: Int64 = world.hold[:]
    own_silence = own_silence_us(devices)
    kinds: Mapping[str, int] = {kind.value: index for index, kind in enumerate(KINDS)}
    for kind, name in block.limits.items():
        mine = indices((devices.kind == kinds[kind]) & (own_silence == 0))
        limit[mine] = np.maximum(parameters.micros(name)[devices.elder[mine]], world.stale[mine])
    return np.asarray(np.maximum(limit, LEAST_SILENCE))


def gateway_patience(world: World, limit: Int64, gateways: int) -> Int64:
    """int64 µs by gateway row: the shortest limit among its devices."""
    devices = world.registry.devices
    shortest = np.full(gateways, np.iinfo(np.int64).max, np.int64)
    rows = indices(devices.active & (devices.gateway >= 0))
    np.minimum.at(shortest, devices.gateway[rows], limit[rows])
    shortest[shortest == np.iinfo(np.int64).max] = LEAST_SILENCE
    return shortest
