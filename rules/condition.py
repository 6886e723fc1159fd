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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.quantities import QUANTITIES, UNKNOWN, Choice

Array = NDArray[Any]
Values = Mapping[str, Array]
Truth = NDArray[np.int8]
Compiled = Callable[[Values], Truth]
Operand = Callable[[Values], Array]

FALSE, MAYBE, TRUE = 0, 1, 2
"""Truth values, so that `and` is the smaller, `or` the larger, and `not` is 2 less it."""

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
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
        return self._judge(values)

    def _truth(self, node: ast.expr) -> Compiled:
        match node:
            case ast.BoolOp(op=op, values=parts):
                join = np.minimum if isinstance(op, ast.And) else np.maximum
                return _joined(join, [self._truth(part) for part in parts])
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return _negated(self._truth(inner))
            case ast.Compare(left=left, ops=ops, comparators=rest):
                sides = [left, *rest]
                pairs = zip(sides, ops, sides[1:], strict=False)
                return _joined(np.minimum, [self._comparison(a, op, b) for a, op, b in pairs])
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

        def judge(values: Values) -> Truth:
            x, y = a(values), b(values)
            return _decided(compare(x, y), unknown=np.isnan(x) | np.isnan(y))

        return judge

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
        equal = isinstance(op, ast.Eq)

        def judge(values: Values) -> Truth:
            said = values[choice.name]
            true = said == code if equal else said != code
            return _decided(true, unknown=said == UNKNOWN)

        return judge

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


def _joined(join: Callable[[Any, Any], Any], parts: list[Compiled]) -> Compiled:
    def judge(values: Values) -> Truth:
        truth = parts[0](values)
        for part in parts[1:]:
            truth = join(truth, part(values))
        return truth

    return judge


def _negated(part: Compiled) -> Compiled:
    return lambda values: np.asarray(2 - part(values), np.int8)


def _known(name: str) -> Compiled:
    """Decided for every row: what is unknown is simply not known."""
    numeric = not isinstance(QUANTITIES[name], Choice)

    def judge(values: Values) -> Truth:
        said = values[name]
        known = ~np.isnan(said) if numeric else said != UNKNOWN
        return np.asarray(2 * known.astype(np.int8), np.int8)

    return judge


def _level(name: str) -> Compiled:
    def judge(values: Values) -> Truth:
        said = values[name]
        return _decided(said == 1, unknown=said == UNKNOWN)

    return judge


def _decided(true: Array, *, unknown: Array) -> Truth:
    """The truth value; arithmetic, as choosing takes ten times as long."""
    known = ~unknown
    return np.asarray(((true & known).view(np.int8) << 1) + unknown.view(np.int8), np.int8)
