"""What goes wrong with devices, gateways and the network, each switchable and in the truth.

`schedule` says when; `apply` does it to the columns, before anything is written.
"""

from simulator.kinds import Fault

__all__ = ["ALL", "NONE", "parse"]

ALL = frozenset(Fault)
NONE: frozenset[Fault] = frozenset()
_PREFIX = "fault:"


def parse(text: str) -> frozenset[Fault]:
    """`all`, `none`, or names with commas between them; ValueError names what is known."""
    words = [w.strip() for w in text.split(",") if w.strip()]
    if words in (["all"], ["none"]):
        return ALL if words == ["all"] else NONE
    known = {f.removeprefix(_PREFIX): f for f in Fault}
    unknown = [w for w in words if w not in known]
    if unknown or not words:
        wrong = ", ".join(unknown) or "nothing"
        raise ValueError(f"faults are all, none, or some of {', '.join(known)}; got {wrong}")
    return frozenset(known[w] for w in words)
