"""One run's alerts against its truth, as figures and as one JSON object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from schemas.alerts import Alert, Severity
from schemas.areas import ways_up
from schemas.directory import Directory
from schemas.times import format_rfc3339
from simulator.kinds import Incident
from simulator.score import figures
from simulator.score.coverage import Coverage
from simulator.score.figures import FalseAlarms, Nights, Period, Sensitivity
from simulator.score.matching import Finding, Matching, match
from simulator.score.staffing import ANSWER_MARKS_S, ARRIVE_MARK_S, Model, Staffing, answer


@dataclass(frozen=True)
class Score:
    name: str
    period: Period
    matching: Matching
    sensitivity: list[Sensitivity]
    false_alarms: list[FalseAlarms]
    nights: list[Nights]
    staffing: Staffing
    model: Model

    @property
    def red(self) -> tuple[int, int, int]:
        """Of the things that had to turn red: how many, found, found in time."""
        rows = [s for s in self.sensitivity if s.severity is Severity.RED]
        return (
            sum(s.expected for s in rows),
            sum(s.found for s in rows),
            sum(s.in_time for s in rows),
        )

    @property
    def false_red(self) -> float:
        """Per elder-month."""
        return figures.false_rate(self.false_alarms, Severity.RED)

    @property
    def false_staff(self) -> float:
        """Everything that staff see, per elder-month."""
        return figures.false_rate(self.false_alarms)

    @property
    def missed(self) -> list[Finding]:
        return figures.missed(self.matching)


def score(
    alerts: Iterable[Alert],
    truth: Iterable[Incident],
    directory: Directory,
    *,
    start: int,
    end: int,
    model: Model,
    rng: Random,
    name: str = "alerts",
) -> Score:
    """Everything about alerts in [start, end) (µs UTC). ValueError for a period without length."""
    if end <= start or not directory.elders:
        raise ValueError("nothing can be said of no time, or of no elders")
    ways = ways_up(directory)
    matching = match(alerts, truth, areas_of_home={h.id: ways[h.area] for h in directory.homes})
    period = Period(start, end, len(directory.elders))
    coverage = Coverage(directory, start, end)
    return Score(
        name,
        period,
        matching,
        figures.sensitivity(matching.findings),
        figures.false_alarms(matching, period),
        figures.nights(matching, coverage, period),
        answer(matching, coverage, model=model, rng=rng),
        model,
    )


def as_json(score: Score) -> dict[str, Any]:
    """Everything but the single alerts; shares are 0–1, durations seconds."""
    asked, found, in_time = score.red
    staffing = score.staffing
    return {
        "name": score.name,
        "start": format_rfc3339(score.period.start),
        "end": format_rfc3339(score.period.end),
        "elders": score.period.elders,
        "elder_months": round(score.period.elder_months, 3),
        "alerts": len(score.matching.alerts),
        "red": {"expected": asked, "found": found, "in_time": in_time},
        "false_per_elder_month": {
            "red": round(score.false_red, 5),
            "staff_facing": round(score.false_staff, 5),
        },
        "sensitivity": [
            {**s._asdict(), "delay": s.delay._asdict() if s.delay else None}
            for s in score.sensitivity
        ],
        "false_alarms": [f._asdict() for f in score.false_alarms],
        "nights": [{**n._asdict(), "per_night": round(n.per_night, 3)} for n in score.nights],
        "staffing": {
            "calls": len(staffing.calls),
            "answered_60_s": staffing.answered(ANSWER_MARKS_S[0]),
            "answered_180_s": staffing.answered(ANSWER_MARKS_S[1]),
            "on_site_15_min": staffing.arrived(ARRIVE_MARK_S),
            "model": score.model.model_dump(mode="json"),
        },
        "missed": [
            {
                "kind": str(f.incident.kind),
                "home": f.incident.home,
                "elder": f.incident.elder,
                "device": f.incident.device,
                "at": format_rfc3339(f.incident.at),
                "rule": f.expected.rule,
                "severity": f.expected.severity,
                "known_by": format_rfc3339(f.expected.known_by),
            }
            for f in score.missed
        ],
    }
