"""What the composition root tells the console of packages that the stations do not know: the rules
in words, and which device models there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.alerts import Sentence
from stations.console.chart.limits import LimitsOf, usual


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences under a head. `block`: which alert of the rule they are about, "" for all."""

    block: str
    head: Sentence
    lines: Sequence[Sentence]


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule as it is explained to people."""

    id: str
    title: Sentence
    category: Sentence
    sections: Sequence[Section]


@dataclass(frozen=True, slots=True)
class Reference:
    """`profiles`: ids of device models, in the order in which they are shown.
    `limits_of`: from which rates on the rules speak, for the lines of an elder's charts."""

    rules: Sequence[RuleText] = ()
    profiles: Sequence[str] = ()
    limits_of: LimitsOf = usual


NOTHING = Reference()
