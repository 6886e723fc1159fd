"""What several places hold together, compiled: the cases of a message, and which variant applies.

Only the words that a profile lists matter, so the answers are few and are remembered.
"""

from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from typing import Any

from devices.decoded import DecodeError, Reading, Values, show
from devices.language import spec
from devices.language.marks import Step
from devices.language.meaning import meaning
from devices.language.paths import Getter, compile_path, compile_paths
from devices.language.places import Found, Places
from devices.language.tokens import (
    NUMERIC,
    REMEMBERED,
    is_worth_keeping,
    listed_numbers,
    token,
    tokens,
)
from devices.message import Incoming

Applies = Callable[[Incoming], bool]
Outcome = tuple[Values, int]
"""The quantities that are set, and the flags."""

_Word = Callable[[Any], str | None]
_Said = tuple[str | None, ...]
_OutcomeOf = Callable[[Found], Outcome | None]
_Judge = Callable[[_Said], Outcome | None]
_Test = Callable[[Any, Incoming], bool]

_UNHEARD: Outcome = ({}, 0)


def compile_cases(message: spec.Message, places: Places) -> Step:
    """The first case that holds sets its quantities."""
    names = list(dict.fromkeys(place for case in message.case for place in case.when))
    ats = [places.at(message.fields.get(name, [name])) for name in names]
    looks = [(at, _word(message, name)) for at, name in zip(ats, names, strict=True)]
    outcome_of = _outcome_of(looks, _judge(message, names))
    if not _is_in_numbers(message):
        outcome_of = _remembering(outcome_of, ats)
    is_error = message.otherwise != "nothing"

    def add(found: Found, _message: Incoming, reading: Reading) -> None:
        outcome = outcome_of(found)
        if outcome is not None:
            reading.values.update(outcome[0])
            reading.flags |= outcome[1]
        elif is_error:
            words = [token(found[at]) for at in ats]
            text = ", ".join(f"{n} = {show(w)}" for n, w in zip(names, words, strict=True))
            raise DecodeError("value", f"no case of the profile holds: {text}")

    return Step(None, add)


def _outcome_of(looks: list[tuple[int, _Word]], judge: _Judge) -> _OutcomeOf:
    def outcome_of(found: Found) -> Outcome | None:
        said = [None if found[at] is None else word(found[at]) for at, word in looks]
        return judge(tuple(said))

    return outcome_of


def _remembering(outcome_of: _OutcomeOf, ats: list[int]) -> _OutcomeOf:
    """Texts as they come are remembered; numbers are not: 1 and True are one to a dictionary."""
    raws = itemgetter(*ats, ats[0])  # one more, so that a single place comes as a tuple, too
    heard: dict[tuple[Any, ...], Outcome | None] = {}

    def remembered(found: Found) -> Outcome | None:
        said = raws(found)
        try:
            outcome = heard.get(said, _UNHEARD)
        except TypeError:  # an array or an object stands there
            return outcome_of(found)
        if outcome is _UNHEARD:
            outcome = outcome_of(found)
            if len(heard) < REMEMBERED and all(map(_is_short_text, said)):
                heard[said] = outcome
        return outcome

    return remembered


def _is_in_numbers(message: spec.Message) -> bool:
    words = tokens(w for case in message.case for listed in case.when.values() for w in listed)
    return len(listed_numbers(words)) == len(words)


def _is_short_text(raw: Any) -> bool:
    return raw is None or (type(raw) is str and is_worth_keeping(raw))


def _word(message: spec.Message, place: str) -> _Word:
    """What a place says, if any case asks for it: else None."""
    known = tokens([word for case in message.case for word in case.when.get(place, [])])
    numbers = listed_numbers(known)

    def word(raw: Any) -> str | None:
        if type(raw) is str and raw in known:
            return raw
        if type(raw) in NUMERIC:
            return numbers.get(raw)
        said = token(raw)
        return said if said in known else None

    return word


def _judge(message: spec.Message, names: list[str]) -> _Judge:
    cases = []
    for case in message.case:
        values = {name: spec.code(name, word) for name, word in case.set.items()}
        holds = [(names.index(place), tokens(words)) for place, words in case.when.items()]
        cases.append((holds, (values, meaning(values, case.as_))))

    @lru_cache(maxsize=REMEMBERED)
    def judge(said: _Said) -> Outcome | None:
        for holds, outcome in cases:
            if all(said[place] in wanted for place, wanted in holds):
                return outcome
        return None

    return judge


def compile_applies(message: spec.Message) -> Applies | None:
    """Whether a variant is meant: `when`, `has` and `lacks` all hold; None: always."""
    folded = message.fold_keys
    tests: list[_Test] = []
    for place, values in message.when.items():
        get = compile_paths(message.fields.get(place, [place]), folded=folded)
        tests.append(_holds(get, tokens(values)))
    tests += [_stands(compile_path(path, folded=folded), True) for path in message.has]
    tests += [_stands(compile_path(path, folded=folded), False) for path in message.lacks]
    if not tests:
        return None
    if len(tests) == 1:
        (test,) = tests
        return lambda incoming: test(incoming.root, incoming)
    return lambda incoming: all(test(incoming.root, incoming) for test in tests)


def _holds(get: Getter, wanted: frozenset[str]) -> _Test:
    def holds(root: Any, message: Incoming) -> bool:
        raw = get(root, message)
        return (type(raw) is str and raw in wanted) or token(raw) in wanted

    return holds


def _stands(get: Getter, wanted: bool) -> _Test:
    return lambda root, message: (get(root, message) is not None) is wanted
