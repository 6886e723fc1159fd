"""A simulated fleet to which exactly the given incidents happen, and nothing else."""

from collections.abc import Iterator

from schemas.directory import Directory
from schemas.readings import Readings
from simulator.columns import Run, best_window
from simulator.dice import Dice
from simulator.incidents import Fault, Incident, Plan

SEED = 7


def only(
    incidents: tuple[Incident, ...], *, start: int, until: int, faults: frozenset[Fault]
) -> Plan:
    """In the order of their `at`."""

    def nothing(_busy: dict[str, int]) -> Iterator[Incident]:
        return iter(())

    return Plan(start, until, faults, incidents, frozenset(), Dice(SEED, "incidents"), nothing)


def said(fleet: Directory, plan: Plan) -> Readings:
    """What arrives, with device times as the devices write them."""
    assert plan.until is not None
    run = Run(fleet, seed=SEED, start=plan.start)
    window = best_window(run.speakers)
    return Readings.concat(list(run.play(plan, until=plan.until, window=window)))
