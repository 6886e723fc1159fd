"""What a rule file says, checked: the models that the TOML is read into.

A rule is one or more alert blocks of a kind, the figures they use, and who gets which figures.
Blocks name figures instead of holding them, so that each can be set for a group or an elder.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rules.sentence import Template
from schemas.alerts import Category, Severity
from schemas.directory import DeviceKind, Living
from schemas.quantities import QUANTITIES, Choice, Number

Figure = float | str
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Part):
    """A template in both languages; figures stand in braces."""

    zh: Template
    en: Template


class When(Part):
    """Other figures for some elders; the last block that fits wins."""

    living: tuple[Living, ...] | None = None
    care_level: tuple[Annotated[int, Field(ge=0, le=4)], ...] | None = None
    set: dict[Word, Figure]


class Step(Part):
    """A severity, and the parameter that says after how long it is reached.

    `says` stands in for the block's own `raised` where one sentence does not fit all steps.
    """

    severity: Severity
    after: Word
    says: Words | None = None


class Block(Part):
    name: Word

    def used(self) -> Iterator[str]:
        """The parameters that the block names."""
        for step in getattr(self, "steps", ()):
            yield step.after


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
    grace: Word
    steps: tuple[Step, Step]
    raised: Words
    cleared: Words

    def used(self) -> Iterator[str]:
        yield from super().used()
        yield from (self.evening, self.starts, self.ends)
        yield from (self.settled, self.nights, self.last_hour, self.grace)


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
    severity_of: dict[DeviceKind, Severity] = {}
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


class Rule(Part):
    """One file of the catalogue. `least`: the smallest figure an override may set."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    title: Words
    category: Category
    source: str
    parameters: dict[Word, Figure] = {}
    least: dict[Word, float] = {}
    when: tuple[When, ...] = ()
    alert: tuple[AnyBlock, ...] = Field(min_length=1)

    def fingerprint(self) -> str:
        """Changes whenever the rule may judge differently; not with its wording."""
        wording: dict[str, Any] = dict.fromkeys(WORDS, True)
        wording["steps"] = {"__all__": {"says"}}
        text = self.model_dump_json(
            exclude={"title": True, "source": True, "alert": {"__all__": wording}}
        )
        return blake2b(text.encode(), digest_size=16).hexdigest()
