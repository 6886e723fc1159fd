"""The fleet's messages, in time order, without end if wanted: the columns, written out."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.directory import Directory
from simulator.columns import Run, best_window
from simulator.incidents import Plan
from simulator.message import Message
from simulator.render import Writer

__all__ = ["Message", "messages"]


def messages(
    directory: Directory,
    *,
    seed: int,
    start: int,
    until: int | None,
    plan: Plan,
    window: int | None = None,
) -> Iterator[Message]:
    """Everything the fleet publishes in [start, until) (µs UTC), in the order of `at`.

    Gateways say that they are online (retained) in the first seconds; then devices report on
    their own phases, and the plan's incidents and faults happen. `window`: how time is cut (µs),
    which changes nothing but speed and memory. ValueError for a directory with a device that the
    simulator cannot speak for.
    """
    run = Run(directory, seed=seed, start=start)
    writer = Writer(directory, run.world.roster, run.renewed)
    waiting: list[Message] = []
    for said in run.play(plan, until=until, window=window or best_window(run.speakers)):
        made = sorted([*waiting, *writer.messages(said)], key=lambda m: m.at)
        # What follows a press may come after the first message of the next window.
        waiting = [m for m in made if m.at >= run.reached]
        yield from (m for m in made if m.at < run.reached)
    yield from waiting
