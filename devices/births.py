"""What Sparkplug B edge nodes said when they were born, for what they say more shortly later.

A birth names each metric and may number it (`alias`); data that follow may give the number alone,
and leave the datatype out. A death counts only if its `bdSeq` is the last birth's. This memory is
the only state of decoding: an argument, changed by births alone, so that the same messages in the
same order are read in the same way. It is not stored: after a restart an alias is unknown until its
node is born again, and what came by it is kept as a reject that says so.

Bounded, for each gateway and in all: beyond that the births longest ago are forgotten.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

Place = tuple[str, str]
"""Area and gateway that a node speaks through."""

_MOST_OF_A_GATEWAY = 20_000
_MOST = 500_000
"""Metrics that are remembered, about 100 bytes each."""


class Metric(NamedTuple):
    """As its birth describes it; `datatype` is Sparkplug's number, 0 where it was not said."""

    name: str
    datatype: int


class Birth:
    """What a node and its devices were born with: metrics by alias, else by name, and the bdSeq."""

    __slots__ = ("metrics", "session")

    def __init__(self, session: int | None = None) -> None:
        self.metrics: dict[int | str, Metric] = {}
        self.session = session

    def __len__(self) -> int:
        return 1 + len(self.metrics)


class Births:
    """The last birth of each node, told by what joins its group's and its own id."""

    def __init__(self, *, most: int = _MOST, most_of_a_gateway: int = _MOST_OF_A_GATEWAY) -> None:
        self._most, self._most_of_a_gateway = most, most_of_a_gateway
        self._gateways: OrderedDict[Place, OrderedDict[str, Birth]] = OrderedDict()
        self._counts: dict[Place, int] = {}
        self._count = 0

    def __len__(self) -> int:
        """Metrics and nodes that are remembered: never more than `most`."""
        return self._count

    def of(self, place: Place, node: str) -> Birth | None:
        """The node's last birth, where it is remembered. Safe from other threads."""
        nodes = self._gateways.get(place)
        return None if nodes is None else nodes.get(node)

    def node_born(
        self, place: Place, node: str, metrics: Mapping[int | str, Metric], session: int | None
    ) -> None:
        """Everything that was known of the node and its devices is over."""
        self._forget(place, node)
        self._remember(place, node, Birth(session), metrics)

    def device_born(self, place: Place, node: str, metrics: Mapping[int | str, Metric]) -> None:
        """The aliases of a node and its devices never meet.

        Of a node with more metrics than a gateway may have only the newest are remembered.
        """
        known = self.of(place, node)
        birth = Birth(None if known is None else known.session)
        described = metrics if known is None else {**known.metrics, **metrics}
        if len(described) >= self._most_of_a_gateway:
            described = metrics
        self._forget(place, node)
        self._remember(place, node, birth, described)

    def seen_by_others(self) -> "Births":
        """The same memory for a thread beside the one that changes it: it learns nothing there."""
        return _Seen(self)

    def _remember(
        self, place: Place, node: str, birth: Birth, metrics: Mapping[int | str, Metric]
    ) -> None:
        birth.metrics.update(metrics)
        self._gateways.setdefault(place, OrderedDict())[node] = birth
        self._gateways.move_to_end(place)
        self._count += len(birth)
        self._counts[place] = self._counts.get(place, 0) + len(birth)
        while self._counts.get(place, 0) > self._most_of_a_gateway:
            self._forget(place, next(iter(self._gateways[place])))
        while self._count > self._most:
            oldest = next(iter(self._gateways))
            self._forget(oldest, next(iter(self._gateways[oldest])))

    def _forget(self, place: Place, node: str) -> None:
        nodes = self._gateways.get(place, OrderedDict())
        birth = nodes.pop(node, None)
        if birth is None:
            return
        self._count -= len(birth)
        self._counts[place] -= len(birth)
        if not nodes:
            del self._gateways[place], self._counts[place]


class _Seen(Births):
    """Births as somebody else remembers them."""

    def __init__(self, births: Births) -> None:
        super().__init__()
        self._gateways = births._gateways  # noqa: SLF001 (of the same module)

    def node_born(
        self, place: Place, node: str, metrics: Mapping[int | str, Metric], session: int | None
    ) -> None:
        pass

    def device_born(self, place: Place, node: str, metrics: Mapping[int | str, Metric]) -> None:
        pass
