"""The alert blocks of a rule, one model a kind: what each needs, and the sentences that tell of it.

Blocks name figures instead of holding them, so that each can be set for a group or an elder.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from rules.parts import Block, Part, Step, Word, Words
from schemas.alerts import Severity
from schemas.directory import DeviceKind
from schemas.quantities import QUANTITIES, Choice, Number


class _Said(Block):
    """Something that a device says: a word of an enumeration."""

    quantity: str
    value: str

    @model_validator(mode="after")
    def _known(self) -> _Said:
        quantity = QUANTITIES.get(self.quantity)
        if not isinstance(quantity, Choice):
            message = f"quantity: expected an enumeration, got {self.quantity!r}"
            raise ValueError(message)  # noqa: TRY004 (pydantic reports it)
        for word in self.words():
            quantity.code(word)
        return self

    def words(self) -> Iterator[str]:
        yield self.value

    def code(self, word: str) -> int:
        quantity = QUANTITIES[self.quantity]
        if not isinstance(quantity, Choice):
            raise TypeError(self.quantity)
        return quantity.code(word)


class EventBlock(_Said):
    """Each time a device says it: a new alert that never clears."""

    kind: Literal["event"]
    counts: Literal["message", "edge"]
    severity: Severity
    window: Word
    test_value: str | None = None
    from_history: tuple[str, ...] = ()
    raised: Words
    test: Words
    check: Words

    def words(self) -> Iterator[str]:
        yield self.value
        yield from self.from_history
        if self.test_value is not None:
            yield self.test_value

    def used(self) -> Iterator[str]:
        yield self.window


class UnresolvedBlock(_Said):
    """A device says it, and does not say that it is over."""

    kind: Literal["unresolved"]
    resolved_by: tuple[str, ...]
    steps: tuple[Step, ...] = Field(min_length=1)
    raised: Words
    cleared: Words

    def words(self) -> Iterator[str]:
        yield self.value
        yield from self.resolved_by


class Proof(Part):
    """What must have been seen for a time in this stay in bed before anything is raised."""

    condition: str
    lasted: Word


class SustainedBlock(Block):
    """A condition on the readings of an elder's bed holds without a break."""

    kind: Literal["sustained"]
    condition: str
    quotes: str | None = None
    needs: Proof | None = None
    steps: tuple[Step, ...] = Field(min_length=1)
    clear: Word
    raised: Words
    cleared: Words

    def used(self) -> Iterator[str]:
        yield from super().used()
        yield self.clear
        if self.needs is not None:
            yield self.needs.lasted


class AbsenceBlock(Block):
    """An elder left the bed in the night and did not come back."""

    kind: Literal["absence"]
    evening: Word
    starts: Word
    ends: Word
    settled: Word
    nights: Word
    last_hour: Word
    learning: Word
    grace: Word
    steps: tuple[Step, Step]
    raised: Words
    cleared: Words

    def used(self) -> Iterator[str]:
        yield from super().used()
        yield from (self.evening, self.starts, self.ends)
        yield from (self.settled, self.nights, self.last_hour, self.learning, self.grace)


class SilenceBlock(Block):
    """Nothing was heard from a device, while its gateway still speaks."""

    kind: Literal["silence"]
    severity: Severity
    limits: dict[str, Word]
    raised: Words
    cleared: Words

    def used(self) -> Iterator[str]:
        yield from self.limits.values()


class OutageBlock(Block):
    """A gateway is said to be offline, or nothing is heard through it."""

    kind: Literal["outage"]
    severity: Severity
    raised: Words
    offline: Words
    cleared: Words


class UnheardBlock(Block):
    """Nothing was heard from any device of an elder."""

    kind: Literal["unheard"]
    severity: Severity
    after: Word
    raised: Words
    cleared: Words

    def used(self) -> Iterator[str]:
        yield self.after


class _Nightly(Block):
    """What is judged night by night: when a night's day begins, and its hours."""

    evening: Word
    starts: Word
    ends: Word
    nights: Word
    severity: Severity
    raised: Words
    cleared: Words

    def used(self) -> Iterator[str]:
        yield from (self.evening, self.starts, self.ends, self.nights)


class CountBlock(_Nightly):
    """Exits from bed in a night: `least`, and `above` the personal median of earlier nights."""

    kind: Literal["count"]
    last_hour: Word
    pause: Word
    least: Word
    above: Word

    def used(self) -> Iterator[str]:
        yield from super().used()
        yield from (self.last_hour, self.pause, self.least, self.above)


class BaselineBlock(_Nightly):
    """A night's rate against the personal median and spread of earlier nights."""

    kind: Literal["baseline"]
    quantity: str
    half_hours: Word
    times: Word
    floor: Word

    def used(self) -> Iterator[str]:
        yield from super().used()
        yield from (self.half_hours, self.times, self.floor)

    @model_validator(mode="after")
    def _numeric(self) -> BaselineBlock:
        if not isinstance(QUANTITIES.get(self.quantity), Number):
            message = f"quantity: expected a number quantity, got {self.quantity!r}"
            raise ValueError(message)  # noqa: TRY004 (pydantic reports it)
        return self


class StateBlock(Block):
    """A condition on what a device says of itself; another ends it."""

    kind: Literal["state"]
    condition: str
    clear_condition: str
    quotes: str | None = None
    severity: Severity
    severity_of: dict[DeviceKind, Severity] = Field(default_factory=dict)
    raised: Words
    cleared: Words


class InactivityBlock(Block):
    """No activity from any device of the elder's home. `without_room`: the steps' times where
    no room sensor exists."""

    kind: Literal["inactivity"]
    steps: tuple[Step, ...] = Field(min_length=1)
    without_room: tuple[Word, ...]
    raised: Words
    cleared: Words

    def used(self) -> Iterator[str]:
        yield from super().used()
        yield from self.without_room

    @model_validator(mode="after")
    def _paired(self) -> InactivityBlock:
        if len(self.without_room) != len(self.steps):
            raise ValueError("without_room: expected one parameter a step")
        return self


class ArrivalBlock(Block):
    """Activity of an elder who is noted as away."""

    kind: Literal["arrival"]
    severity: Severity
    raised: Words


AnyBlock = Annotated[
    EventBlock
    | UnresolvedBlock
    | SustainedBlock
    | AbsenceBlock
    | SilenceBlock
    | OutageBlock
    | UnheardBlock
    | StateBlock
    | CountBlock
    | BaselineBlock
    | InactivityBlock
    | ArrivalBlock,
    Field(discriminator="kind"),
]


WORDS = ("raised", "cleared", "test", "check", "offline")
"""The keys of a block that only say how it is told."""
