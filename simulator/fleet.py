"""A directory for a fleet of homes: the make-up of a district's home-beds, with fictional people.

A fleet too large to be held whole is made street by street.
"""

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise, starmap

from schemas.directory import Area, Directory
from simulator.dice import Dice
from simulator.household import Household, Maker
from simulator.network import Network, make_network

_MOST = 1_900_000


class Fleet:
    """`homes` homes of a seed; ValueError unless 1 ≤ homes ≤ 1,900,000."""

    def __init__(self, *, homes: int, seed: int) -> None:
        if not 1 <= homes <= _MOST:
            raise ValueError(f"between 1 and {_MOST:,} homes, not {homes}")
        self.homes = homes
        self.network = make_network(homes=homes, dice=Dice(seed, "staff"))
        self._maker = Maker(Dice(seed, "fleet"))

    @cached_property
    def _communities(self) -> tuple[Area, ...]:
        return self.network.communities

    @cached_property
    def _areas(self) -> dict[str, Area]:
        return {a.id: a for a in self.network.areas}

    def directory(self) -> Directory:
        """The whole registry."""
        return _directory(self.network, self._households(0, len(self._communities)))

    @cached_property
    def streets(self) -> tuple[range, ...]:
        """The communities of each street, by number."""
        parents = [c.parent for c in self._communities]
        first = [k for k, parent in enumerate(parents) if k == 0 or parent != parents[k - 1]]
        return tuple(starmap(range, pairwise([*first, len(parents)])))

    def street(self, number: int) -> Directory:
        """Street `number` (from 0) by itself, with the areas, stations and staff above it."""
        numbers = self.streets[number]
        network = self.network.around(self._communities[numbers.start : numbers.stop])
        return _directory(network, self._households(numbers.start, numbers.stop))

    def parts(self) -> Iterator[Directory]:
        """Street by street; together they are the whole. Only what is asked for is made."""
        return map(self.street, range(len(self.streets)))

    def _households(self, first: int, last: int) -> Iterator[Household]:
        """Those of communities [first, last), by number."""
        count = len(self._communities)
        low, high = (-(-c * self.homes // count) for c in (first, last))
        return self._maker.homes(self._place(n) for n in range(low + 1, high + 1))

    def _place(self, n: int) -> tuple[int, Area, Area]:
        """Home n, its community and its street."""
        community = self._communities[(n - 1) * len(self._communities) // self.homes]
        return n, community, self._areas[community.parent or community.id]


def make_directory(*, homes: int, seed: int) -> Directory:
    """The whole registry of a fleet; ValueError unless 1 ≤ homes ≤ 1,900,000."""
    return Fleet(homes=homes, seed=seed).directory()


def _directory(network: Network, households: Iterator[Household]) -> Directory:
    all_ = list(households)
    return Directory(
        areas=network.areas,
        stations=network.stations,
        homes=tuple(h.home for h in all_),
        elders=tuple(e for h in all_ for e in h.elders),
        gateways=tuple(h.gateway for h in all_),
        devices=tuple(d for h in all_ for d in h.devices),
        contacts=tuple(c for h in all_ for c in h.contacts),
        staff=network.staff,
        duty=network.duty,
    )
