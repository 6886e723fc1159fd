"""What each person usually does, and what kind of sleeper they are.

Hours are µs after local noon. Shares are of all people and stand in `SHARES`; each is meant to be
at least 2 %, so that every district meets all of them.
"""

from __future__ import annotations

import numpy as np

from schemas.times import HOUR, MINUTE
from simulator.dice import Dice
from simulator.household import BEDRIDDEN
from simulator.roster import People

SHARES = {"owl": 0.03, "lark": 0.04}
"""Night owls go to bed between midnight and two; larks are up at half past four. Those of care
level 4 stay in bed by day as well, whatever else was thrown for them."""


class Habits:
    """Arrays over people."""

    def __init__(self, people: People, dice: Dice) -> None:
        keys = people.keys
        kind = dice.unit(keys, 2)
        self.bedridden = people.care >= BEDRIDDEN
        self.owl = (kind < SHARES["owl"]) & ~self.bedridden
        self.lark = (kind > 1 - SHARES["lark"]) & ~self.bedridden
        bed = dice.between(8 * HOUR + 30 * MINUTE, 11 * HOUR, keys, 1)
        rise = dice.between(17 * HOUR + 50 * MINUTE, 19 * HOUR + 20 * MINUTE, keys, 4)
        late = dice.between(12 * HOUR + 20 * MINUTE, 13 * HOUR + 40 * MINUTE, keys, 3)
        early = dice.between(16 * HOUR + 20 * MINUTE, 16 * HOUR + 40 * MINUTE, keys, 8)
        self.bed = np.select([self.owl, self.lark], [late, bed - 30 * MINUTE], bed)
        self.rise = np.select([self.owl, self.lark], [rise + 2 * HOUR, early], rise)
        self.nap = dice.between(40 * MINUTE, 80 * MINUTE, keys, 5)
        self.exit_chance = 0.15 + 0.5 * dice.unit(keys, 6)
        self.exit_chance[self.bedridden] *= 0.5
        able = np.clip(1.0 - 0.3 * people.care, 0.0, 1.0)
        self.outing_chance = able * (0.3 + 0.6 * dice.unit(keys, 7))
        self.visit_chance = 0.1 + 0.2 * dice.unit(keys, 9) + 0.15 * people.care
