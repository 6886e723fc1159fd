"""A rule's figures for each elder: defaults, then living status and care level, then overrides.

Numbers are in the unit that their name ends in (`_s` seconds, otherwise the quantity's own);
`inf` switches off what waits for it. Times of day are "HH:MM".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.coded import Coded
from rules.groups import indices
from rules.limits import FOREVER
from rules.rule import Figure, Rule
from schemas.registry import LIVING, Registry
from schemas.times import MINUTE, SECOND

Array = NDArray[Any]

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\Z")


def figure(text: Figure) -> float:
    """A number, or minutes after midnight for "HH:MM"; ValueError says what was expected."""
    if isinstance(text, str):
        if match := _CLOCK.match(text):
            return 60.0 * int(match[1]) + int(match[2])
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"expected a number or a time HH:MM, got {text!r}") from None
    else:
        number = float(text)
    if math.isnan(number):
        raise ValueError("expected a number, got NaN")
    return number


class Parameters:
    """The figures of one rule: `values(name)` has one entry an elder row and the default last,
    so that row -1 (no elder) reads the default. `notes`: overrides that cannot be used."""

    def __init__(self, rule: Rule, registry: Registry) -> None:
        self.notes: list[str] = []
        self._size = size = len(registry.elders.ids) + 1
        self._own: dict[str, list[int]] = {}
        self._values: dict[str, Array] = {}
        for name, text in rule.parameters.items():
            self._values[name] = np.broadcast_to(np.float64(figure(text)), size)
        self._apply_groups(rule, registry)
        self._apply_overrides(rule, registry)

    def overridden(self, name: str) -> Array:
        """Whether the elder has a figure of its own: bool, elders + 1."""
        own = np.zeros(self._size, bool)
        own[self._own.get(name, [])] = True
        return own

    def values(self, name: str) -> Array:
        """float64, elders + 1."""
        return self._values[name]

    def micros(self, name: str) -> Coded:
        """A duration in seconds as int64 µs; FOREVER for `inf`."""
        return _coded(_micros, self._values[name])

    def clock(self, name: str) -> Coded:
        """A time of day as int64 µs after midnight on the wall clock."""
        return _coded(_wall, self._values[name])

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def thresholds(self) -> Mapping[str, Array]:
        """Every figure by name, as conditions see them: in the precision of readings."""
        return {name: _single(values) for name, values in self._values.items()}

    def _apply_groups(self, rule: Rule, registry: Registry) -> None:
        elders = registry.elders
        for group in rule.when:
            mask = elders.active.copy()
            if group.living is not None:
                mask &= np.isin(elders.living, [LIVING.index(w) for w in group.living])
            if group.care_level is not None:
                mask &= np.isin(elders.care_level, group.care_level)
            for name, text in group.set.items():
                self._set(name, indices(mask), figure(text))

    def _apply_overrides(self, rule: Rule, registry: Registry) -> None:
        for override in registry.overrides:
            if override.rule != rule.id:
                continue
            try:
                self._override(rule, registry, override.elder, override.parameter, override.value)
            except ValueError as error:
                self.notes.append(
                    f"override of {override.parameter} for {override.elder} in rule {rule.id}"
                    f" is not used: {error}"
                )

    def _override(self, rule: Rule, registry: Registry, elder: str, *cell: str) -> None:
        name, text = cell
        if name not in self._values:
            known = ", ".join(rule.parameters)
            raise ValueError(f"there is no such parameter; known are {known}")
        if elder not in registry.elders.row:
            raise ValueError("there is no such elder")
        number = figure(text)
        low = rule.least.get(name, 0.0)
        if number < low:
            raise ValueError(f"expected at least {low:g}, got {number:g}")
        row = registry.elders.row[elder]
        self._own.setdefault(name, []).append(row)
        self._set(name, np.array([row]), number)

    def _set(self, name: str, rows: Array, number: float) -> None:
        values = self._values[name]
        if values.strides == (0,):
            values = values.copy()
            self._values[name] = values
        values[rows] = number


def _single(values: Array) -> Array:
    if values.strides == (0,):
        return np.broadcast_to(np.float32(values[0]), values.shape)
    return values.astype(np.float32)


def _coded(convert: Callable[[Array], Array], values: Array) -> Coded:
    """The converted values, one for all where they are alike."""
    if values.strides == (0,):
        return Coded(np.broadcast_to(convert(values[:1])[0], values.shape))
    return Coded(convert(values))


def _wall(minutes: Array) -> Array:
    return np.asarray(np.rint(minutes * MINUTE).astype(np.int64))


def _micros(seconds: Array) -> Array:
    bounded = np.where(np.isinf(seconds), 0, seconds)
    exact = np.rint(bounded * SECOND).astype(np.int64)
    return np.where(np.isinf(seconds), FOREVER, exact)
