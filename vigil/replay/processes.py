"""A replay in several processes, each with its share of the areas; the same alerts as in one."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from multiprocessing.sharedctypes import Synchronized
from typing import Protocol, TypeVar

from schemas.alerts import Alert
from vigil.replay.book import in_order
from vigil.replay.parts import Part

Result_co = TypeVar("Result_co", covariant=True)
R = TypeVar("R")

_TOLD_S = 0.2  # between two looks at how far they are

Progress = Callable[[float, float], None]
"""Told what is done, and of how much."""


class Job(Protocol[Result_co]):
    """What a process does for its share: picklable, and so are its results."""

    def __call__(self, part: Part, progress: Progress) -> Result_co: ...


def run(job: Job[R], parts: Sequence[Part], *, progress: Progress) -> list[R]:
    """The results, in the order of the parts. In this process where there is one part only; else
    the first failure ends it, and is raised."""
    if len(parts) == 1:
        return [job(parts[0], progress)]
    context = multiprocessing.get_context("spawn")
    shares: list[Synchronized[float]] = [context.Value("d", 0.0) for _ in parts]
    with ProcessPoolExecutor(
        len(parts), mp_context=context, initializer=_begin, initargs=(shares,)
    ) as pool:
        futures: list[Future[R]] = [pool.submit(_work, job, part) for part in parts]
        pending = set(futures)
        while pending:
            done, pending = wait(pending, _TOLD_S, FIRST_EXCEPTION)
            progress(sum(share.value for share in shares), len(parts))
            for future in done:
                future.result()
        return [future.result() for future in futures]


_shares: list[Synchronized[float]] = []


def _begin(shares: list[Synchronized[float]]) -> None:
    _shares[:] = shares


def _work(job: Job[R], part: Part) -> R:
    def told(done: float, size: float) -> None:
        _shares[part.number].value = done / size if size else 0.0

    return job(part, told)


def merged(alerts: Iterable[Sequence[Alert]]) -> list[Alert]:
    """By onset, then id. What several shares say of one unknown device is one alert."""
    return in_order({alert.id: alert for some in alerts for alert in some}.values())
