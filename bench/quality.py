"""`make alert-quality`: how good the default catalogue is, by a month of a simulated district.

A thousand elders for 30 days with all faults on, judged by the rules as they ship, and scored
against the truth: some 110 million readings, made by one process and judged by another. The page
goes to docs/reference/alert-quality.md (and, with plots, to where `html=` says).

    python -m bench.quality [homes=870] [days=30] [seed=1] [rules=FOLDER] [html=FILE] [out=FILE]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench import quality_page
from bench.apart import made_apart
from devices.catalogue import Catalogue
from rules.engine import Engine
from rules.load import load_catalogue
from schemas.alerts import Alert
from schemas.directory import Directory
from schemas.readings import Readings
from schemas.registry import Registry
from schemas.times import DAY, parse_rfc3339
from simulator import faults
from simulator.columns import columns
from simulator.fleet import Fleet
from simulator.incidents import Plan, plan
from simulator.life import EVERY
from simulator.score.page import render
from simulator.score.score import Score, score
from simulator.score.staffing import Model
from vigil.commands.common import ProgressBar
from vigil.replay.book import AlertBook, Run
from vigil.replay.processes import Progress
from vigil.replay.store import replay_columns

START = parse_rfc3339("2026-01-01T00:00:00+08:00")
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "alert-quality.md"
_PLACES = ("out=", "html=")
"""Where things go says nothing of the figures: it stays off the page."""


@dataclass(frozen=True)
class Trial:
    """What is tried; the same arguments give the same page."""

    homes: int = 870
    days: float = 30
    seed: int = 1
    rules: Path | None = None
    start: int = START

    @property
    def until(self) -> int:
        return self.start + round(self.days * DAY)

    @property
    def directory(self) -> Directory:
        return Fleet(homes=self.homes, seed=self.seed).directory()

    def plan(self, directory: Directory) -> Plan:
        return plan(
            directory,
            seed=self.seed,
            start=self.start,
            until=self.until,
            staged=False,
            faults=faults.ALL,
            every=EVERY,
        )

    def said(self) -> Iterator[Readings]:
        """All that the fleet says."""
        fleet = self.directory
        span = {"start": self.start, "until": self.until}
        return columns(fleet, seed=self.seed, plan=self.plan(fleet), **span)


def alerts(trial: Trial, directory: Directory, progress: Progress) -> list[Alert]:
    """What the rules say of it, all of them over the whole fleet: a round of few rows costs as
    much as one of many."""
    run = Run(
        Engine(load_catalogue(trial.rules), Registry.build(Directory())), AlertBook(directory)
    )
    replay_columns(
        _told(made_apart(trial.said), trial, progress),
        registry=Registry.build(directory).fitted(Catalogue.load().models()),
        run=run,
    )
    return run.book.in_order()


def _told(said: Iterator[Readings], trial: Trial, progress: Progress) -> Iterator[Readings]:
    for rows in said:
        yield rows
        if len(rows):
            progress(float(rows.received[-1] - trial.start), float(trial.until - trial.start))


def judge(trial: Trial) -> Score:
    """The score of the whole."""
    directory = trial.directory
    with ProgressBar("a month of a district") as bar:
        found = alerts(trial, directory, bar.update)
    return score(
        found,
        trial.plan(directory),
        directory,
        start=trial.start,
        end=trial.until,
        model=Model(),
        rng=Random(trial.seed),
        name="the default catalogue" if trial.rules is None else str(trial.rules),
    )


def main(words: list[str]) -> int:
    given = dict(word.split("=", 1) for word in words)
    trial = Trial(
        homes=int(given.get("homes", 870)),
        days=float(given.get("days", 30)),
        seed=int(given.get("seed", 1)),
        rules=Path(given["rules"]) if "rules" in given else None,
    )
    found = judge(trial)
    if "html" in given:
        Path(given["html"]).write_text(render(found), encoding="utf-8")
    page = quality_page.write(found, " ".join(w for w in words if not w.startswith(_PLACES)))
    Path(given.get("out", PAGE)).write_text(page, encoding="utf-8")
    print(quality_page.summary(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
