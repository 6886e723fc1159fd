"""What every speaker has: its devices, when they are due, and which of them are alive."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from simulator.cadence import Cadence
from simulator.dice import key_of
from simulator.message import Message
from simulator.roster import Group, Int
from simulator.world import World


class Speaker(ABC):
    """Regular reports of one group of devices."""

    def __init__(self, world: World, group: Group) -> None:
        self.world, self.group = world, group
        shift = key_of(f"{group.kind}/{group.profile}") % 1009
        self.cadence = Cadence(len(group.devices), self.every(), shift)

    def every(self) -> int:
        """µs between two moments at which a device may report."""
        return self.group.interval

    @abstractmethod
    def speak(self, begin: int, end: int) -> Iterable[Message]:
        """Reports published in [begin, end), in time order; windows must follow one another."""

    def due(self, begin: int, end: int) -> tuple[Int, Int]:
        """Rows of living devices that are due, and when (µs UTC)."""
        rows, at = self.cadence.due(begin, end)
        alive = self.world.overlay.speaking(self.group.row[rows], at)
        return rows[alive], at[alive]
