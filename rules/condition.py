"""Conditions such as `in_bed and (heart_rate >= high or heart_rate <= low)`, compiled to arrays.

Names are canonical quantities, the rule's parameters, and the words of an enumeration where it
is compared. `and`, `or`, `not`, comparisons, `known(quantity)` and parentheses are the whole
language; nothing is ever evaluated as Python. Logic is three-valued: what rests on an unknown
quantity is unknown unless the rest decides it; `known` is always decided.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.quantities import QUANTITIES, UNKNOWN, Choice

Array = NDArray[Any]
Values = Mapping[str, Array]
Truth = NDArray[np.int8]
Mask = Callable[[Values], NDArray[np.bool_]]
Operand = Callable[[Values], Array]

FALSE, MAYBE, TRUE = 0, 1, 2
"""Truth values."""


class Compiled(NamedTuple):
    """Where a part is true, and where it is false; it is unknown elsewhere. Two masks take a
    third of the time that three-valued arithmetic does."""

    true: Mask
    false: Mask


def _unequal(a: Array, b: Array) -> Any:
    """Unknown (NaN) is not unequal to anything."""
    return (a < b) | (a > b)


_COMPARE: dict[type[ast.cmpop], tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    ast.Lt: (operator.lt, operator.ge),
    ast.LtE: (operator.le, operator.gt),
    ast.Gt: (operator.gt, operator.le),
    ast.GtE: (operator.ge, operator.lt),
    ast.Eq: (operator.eq, _unequal),
    ast.NotEq: (_unequal, operator.eq),
}
"""Each comparison and what is true where it is false."""
_BOUND = 100
"""Most parts an expression may have: nobody needs more, and none can exhaust the stack."""


class ConditionError(ValueError):
    """What is wrong with an expression, and the column (from 1) where."""

    def __init__(self, message: str, column: int) -> None:
        self.column = column
        super().__init__(f"{message} (column {column})")


class Condition:
    """A compiled expression. `quantities`: the canonical names it reads; `figures`: the
    parameters."""

    def __init__(self, text: str, parameters: Collection[str] = ()) -> None:
        self.text = text
        self.quantities: set[str] = set()
        self.figures: set[str] = set()
        self._parameters = frozenset(parameters)
        if len(text) > 1000:
            raise ConditionError("expected at most 1000 characters", 1001)
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            column = getattr(error, "offset", None) or 1
            raise ConditionError(
                "expected an expression of and, or, not and comparisons", column
            ) from None
        if sum(1 for _ in ast.walk(tree)) > _BOUND:
            raise ConditionError(f"expected at most {_BOUND} parts", 1)
        self._judge = self._truth(tree.body)

    def __call__(self, values: Values) -> Truth:
        """FALSE, MAYBE or TRUE for each row: int8. `values` has every quantity and parameter."""
        true, false = self._judge.true(values), self._judge.false(values)
        return np.asarray(true.view(np.int8) - false.view(np.int8) + np.int8(MAYBE), np.int8)

    def holds(self, values: Values) -> NDArray[np.bool_]:
        """The rows for which it is TRUE."""
        return self._judge.true(values)

    def _truth(self, node: ast.expr) -> Compiled:
        match node:
            case ast.BoolOp(op=op, values=parts):
                judged = [self._truth(part) for part in parts]
                return _all(judged) if isinstance(op, ast.And) else _any(judged)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                part = self._truth(inner)
                return Compiled(part.false, part.true)
            case ast.Compare(left=left, ops=ops, comparators=rest):
                sides = [left, *rest]
                pairs = zip(sides, ops, sides[1:], strict=False)
                return _all([self._comparison(a, op, b) for a, op, b in pairs])
            case ast.Call(func=ast.Name(id="known"), args=[ast.Name(id=name)], keywords=[]) if (
                name in QUANTITIES
            ):
                self.quantities.add(name)
                return _known(name)
            case ast.Name(id=name) if isinstance(choice := QUANTITIES.get(name), Choice):
                if not choice.is_bool:
                    words = ", ".join(choice.values)
                    raise _wrong(node, f"expected a comparison of {name} with one of {words}")
                self.quantities.add(name)
                return _level(name)
            case _:
                raise _wrong(node, "expected a comparison or a yes/no quantity")

    def _comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Compiled:
        compare = _COMPARE.get(type(op))
        if compare is None:
            raise _wrong(left, "expected one of < <= > >= == !=")
        if choice := self._choice(left):
            return self._word(choice, op, right)
        if choice := self._choice(right):
            return self._word(choice, op, left)
        a, b = self._operand(left), self._operand(right)
        when, unless = compare
        return Compiled(lambda v: when(a(v), b(v)), lambda v: unless(a(v), b(v)))

    def _choice(self, node: ast.expr) -> Choice | None:
        quantity = QUANTITIES.get(node.id) if isinstance(node, ast.Name) else None
        return quantity if isinstance(quantity, Choice) else None

    def _word(self, choice: Choice, op: ast.cmpop, node: ast.expr) -> Compiled:
        if not isinstance(op, ast.Eq | ast.NotEq):
            raise _wrong(node, f"expected == or != with {choice.name}")
        match node:
            case ast.Name(id=word) | ast.Constant(value=str(word)):
                text = word
            case ast.Constant(value=bool(flag)):
                text = str(flag).lower()
            case _:
                raise _wrong(node, f"expected one of {', '.join(choice.values)}")
        try:
            code = choice.code(text)
        except ValueError as error:
            raise _wrong(node, str(error)) from None
        self.quantities.add(choice.name)
        name = choice.name
        equal = Compiled(
            lambda values: values[name] == code,
            lambda values: (values[name] != code) & (values[name] != UNKNOWN),
        )
        return equal if isinstance(op, ast.Eq) else Compiled(equal.false, equal.true)

    def _operand(self, node: ast.expr) -> Operand:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                constant = np.float32(number)
                return lambda _: np.asarray(constant)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                negative = np.float32(-number)
                return lambda _: np.asarray(negative)
            case ast.Name(id=name) if name in QUANTITIES:
                self.quantities.add(name)
                return lambda values: values[name]
            case ast.Name(id=name) if name in self._parameters:
                self.figures.add(name)
                return lambda values: values[name]
            case ast.Name(id=name):
                known = ", ".join([*QUANTITIES, *sorted(self._parameters)])
                raise _wrong(node, f"unknown name {name!r}: expected one of {known}")
            case _:
                raise _wrong(node, "expected a number, a quantity or a parameter")


def _wrong(node: ast.expr, message: str) -> ConditionError:
    return ConditionError(message, node.col_offset + 1)


def _all(parts: list[Compiled]) -> Compiled:
    return Compiled(
        _joined(np.logical_and, [part.true for part in parts]),
        _joined(np.logical_or, [part.false for part in parts]),
    )


def _any(parts: list[Compiled]) -> Compiled:
    return Compiled(
        _joined(np.logical_or, [part.true for part in parts]),
        _joined(np.logical_and, [part.false for part in parts]),
    )


def _joined(join: Callable[[Any, Any], Any], masks: list[Mask]) -> Mask:
    def judge(values: Values) -> NDArray[np.bool_]:
        found = masks[0](values)
        for mask in masks[1:]:
            found = join(found, mask(values))
        return found

    return judge


def _known(name: str) -> Compiled:
    """Decided for every row: what is unknown is simply not known."""
    if isinstance(QUANTITIES[name], Choice):
        return Compiled(lambda v: v[name] != UNKNOWN, lambda v: v[name] == UNKNOWN)
    return Compiled(lambda v: ~np.isnan(v[name]), lambda v: np.isnan(v[name]))


def _level(name: str) -> Compiled:
    return Compiled(lambda values: values[name] == 1, lambda values: values[name] == 0)
