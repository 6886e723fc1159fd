"""The ladder as data: which level is paged when, and what an answer must be followed by.

Defaults are the product's own (docs/reference/ladder.md). Times are seconds. Higher levels join;
none drops out. After the last rung the top is paged again without end.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.alerts import Severity
from schemas.directory import Level

LEVELS = (Level.COMMUNITY, Level.STREET, Level.DISTRICT, Level.CITY)
"""Lowest first. A place may lack some of them; then the next one above is paged instead."""

LONGEST_S = 86_400
"""No time of a ladder is longer than a day."""


class Rung(BaseModel):
    """A level and how long after the start of climbing it is paged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Level
    after_s: int = Field(ge=0, le=LONGEST_S)


class Steps(BaseModel):
    """The ladder of one severity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rungs: tuple[Rung, ...] = Field(min_length=1)
    repeat_s: int = Field(
        ge=10, le=LONGEST_S, description="after the last rung, the top is paged again"
    )
    step_s: int = Field(
        ge=10, le=LONGEST_S, description="from acknowledging to the next step on record"
    )
    on_site_s: int | None = Field(
        default=None,
        ge=10,
        le=LONGEST_S,
        description="from acknowledging to being on site; none: not asked",
    )
    family_s: int | None = Field(
        default=None,
        ge=0,
        le=LONGEST_S,
        description="from the start, family contacts are offered; none: not",
    )
    alone_red_s: int | None = Field(
        default=None,
        ge=60,
        le=LONGEST_S,
        description="unanswered at the city so long, a lone elder's becomes red; none: it stays",
    )

    @model_validator(mode="after")
    def _climbs(self) -> Self:
        if self.rungs[0].after_s != 0:
            raise PydanticCustomError(
                "ladder_first",
                "the first rung, {level}, is at 0 s: somebody is paged at once",
                {"level": str(self.rungs[0].level)},
            )
        for lower, upper in pairwise(self.rungs):
            levels = {"level": str(upper.level), "below": str(lower.level)}
            if upper.after_s <= lower.after_s:
                raise PydanticCustomError(
                    "ladder_time", "{level} must come later than {below}", levels
                )
            if LEVELS.index(upper.level) <= LEVELS.index(lower.level):
                raise PydanticCustomError(
                    "ladder_level", "{level} does not lie above {below}", levels
                )
        return self


def _rungs(*seconds: int) -> tuple[Rung, ...]:
    return tuple(Rung(level=level, after_s=s) for level, s in zip(LEVELS, seconds, strict=False))


class Ladder(BaseModel):
    """Per severity. Blue has none: it is a task."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    red: Steps = Steps(
        rungs=_rungs(0, 30, 60, 90), repeat_s=60, step_s=180, on_site_s=900, family_s=180
    )
    orange: Steps = Steps(rungs=_rungs(0, 300, 900), repeat_s=1800, step_s=1800, alone_red_s=1800)

    def steps(self, severity: str) -> Steps:
        return self.red if severity == Severity.RED else self.orange


def taken(steps: Steps, reached: Collection[str]) -> int:
    """How many rungs of another ladder count as taken by what has reached these levels: those
    below the first one whose level it has not reached, so that none is left out."""
    missing = (n for n, rung in enumerate(steps.rungs) if rung.level not in reached)
    return next(missing, len(steps.rungs))


def climb_due(steps: Steps, *, climb: int, start: datetime, now: datetime) -> datetime:
    """When the next page is due, `climb` rungs being taken.

    Rungs count from `start`, so that lateness never adds up; the top's repetition from `now`.
    """
    if climb < len(steps.rungs):
        return start + timedelta(seconds=steps.rungs[climb].after_s)
    return now + timedelta(seconds=steps.repeat_s)


def answer_due(
    steps: Steps, *, state: str, acknowledged: datetime, now: datetime
) -> datetime | None:
    """By when the holder must take the next step; None when nothing more is asked.

    A step taken after its limit has passed still gets `step_s`, so that it is not chased at once.
    """
    if state == "acknowledged":
        limit = acknowledged + timedelta(seconds=steps.step_s)
    elif state in ("called", "on_the_way") and steps.on_site_s is not None:
        limit = acknowledged + timedelta(seconds=steps.on_site_s)
    else:
        return None
    return limit if limit > now else now + timedelta(seconds=steps.step_s)
