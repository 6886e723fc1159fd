"""`arrival`: somebody noted as away is active at home: away is over, and the station is asked.

Once a period, never open and never cleared: what it says is done by then.
"""

from __future__ import annotations

from rules.blocks import ArrivalBlock
from rules.facts import News
from rules.frame import Round
from rules.kinds.base import Setting
from rules.lifecycle import Telling
from rules.parameters import Parameters
from rules.world import World
from schemas.alerts import ChangeKind

FIGURES = frozenset({"subject"})


class Arrival:
    def __init__(self, setting: Setting[ArrivalBlock]) -> None:
        self._set = setting

    def follow(self, world: World, parameters: Parameters) -> None:  # noqa: ARG002 (a Kind's)
        self._world = world

    def fire(self, rows: Round, news: News) -> None:
        """Nothing ever waits."""

    def sweep(self, watermark: int) -> None:
        """Nothing ever waits."""

    def forget(self) -> None:
        """Keeps no shortcut."""

    def apply(self, rows: Round, news: News) -> None:
        for row in news.returned.tolist():
            elder = int(self._world.speaks_for[rows.device[row]])
            teller, block = self._set.teller, self._set.block
            onset = teller.onset(elder, int(rows.ts[row]))
            telling = Telling(block.raised, late=bool(rows.late[row]))
            teller.tell(
                ChangeKind.RAISED,
                elder,
                telling,
                at=onset,
                onset=onset,
                severity=block.severity,
            )
