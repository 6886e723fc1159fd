"""Rows of gateways that say whether they are there."""

import numpy as np

from schemas.readings import Flag, Int64, Readings


def statuses(gateway: Int64, at: Int64 | int, *, online: bool | Int64) -> Readings:
    """Of gateway rows at instants (µs UTC); retained, as their topic is."""
    rows = Readings.blank(len(gateway))
    rows.ts[:] = rows.received[:] = at
    rows.gateway[:] = gateway
    rows.online[:] = np.asarray(online, np.int8)
    rows.flags[:] = Flag.SIGN_OF_LIFE | Flag.RETAINED
    return rows
