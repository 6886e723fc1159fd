"""What is seen of elders who are out of bed by others than their bed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.columns import Column
from rules.facts import News
from rules.frame import Round
from rules.groups import firsts, indices
from rules.world import World
from schemas.quantities import Sos

Array = NDArray[Any]


def elsewhere(rows: Round, news: News, world: World, *, out: Column) -> tuple[Array, Array, Array]:
    """(row, elder, whether it is activity) for rows that show activity or presence, for each elder
    whom that concerns and who is `out` (1 by elder)."""
    moving = (rows.values["movement"] > 0) & world.own_bed[rows.device]
    pressed = news.sos == Sos.PRESSED
    mine = indices(rows.live & (moving | pressed))
    shared = indices(rows.live & world.room_sensor[rows.device])
    which, own = world.elders_of(rows.device[mine])
    in_home, residents = world.residents.expand(rows.home[shared])
    row = np.concatenate([mine[which], shared[in_home]])
    elder = np.concatenate([own, residents])
    active = np.concatenate([np.ones(len(own), bool), news.entered[shared[in_home]]])
    concerned = indices(out[elder] == 1)
    if not len(concerned):
        return concerned, concerned, np.zeros(0, bool)
    # A row that concerns an elder twice counts once, as activity if it is any.
    order = concerned[np.lexsort((~active[concerned], elder[concerned]))]
    order = order[firsts(elder[order])]
    return row[order], elder[order], active[order]
