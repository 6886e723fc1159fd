"""A condition in words, with the rule's figures in the place of their names."""

from __future__ import annotations

import ast

from rules.explain.figures import told
from rules.explain.words import QUANTITY, WORD, Both, text
from rules.rule import Rule
from schemas.quantities import QUANTITIES, Choice

_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "≤",
    ast.Gt: ">",
    ast.GtE: "≥",
    ast.Eq: "=",
    ast.NotEq: "≠",
}


def condition(rule: Rule, expression: str) -> Both:
    """`expression` must compile (`rules.condition.Condition`)."""
    return _spoken(rule, ast.parse(expression.strip(), mode="eval").body, inside=False)


def _spoken(rule: Rule, node: ast.AST, *, inside: bool) -> Both:
    match node:
        case ast.BoolOp(op=op, values=values):
            parts = [_spoken(rule, value, inside=True) for value in values]
            zh, en = ("，且", " and ") if isinstance(op, ast.And) else ("或", " or ")
            joined = Both(zh.join(p.zh for p in parts), en.join(p.en for p in parts))
            return Both(f"（{joined.zh}）", f"({joined.en})") if inside else joined
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            part = _spoken(rule, operand, inside=True)
            return text("并非{part}", "not {part}", part=part)
        case ast.Compare(left=left, ops=ops, comparators=rest):
            return _comparison(rule, [left, *rest], [_SIGNS[type(op)] for op in ops])
        case ast.Call(args=[ast.Name(id=name)]):
            return text("{q}已知", "{q} is known", q=QUANTITY[name])
        case _:
            return _operand(rule, node)


def _comparison(rule: Rule, sides: list[ast.expr], signs: list[str]) -> Both:
    spoken = _operand(rule, sides[0])
    for sign, side in zip(signs, sides[1:], strict=True):
        other = _operand(rule, side)
        spoken = Both(f"{spoken.zh} {sign} {other.zh}", f"{spoken.en} {sign} {other.en}")
    return spoken


def _operand(rule: Rule, node: ast.AST) -> Both:
    match node:
        case ast.Name(id=name) if name in QUANTITIES:
            return QUANTITY[name]
        case ast.Name(id=name) if name in rule.parameters:
            return told(rule, name)
        case ast.Name(id=name) | ast.Constant(value=str(name)):
            return WORD.get(name, Both(name, name))
        case _:
            return Both(*[ast.unparse(node)] * 2)


def word(quantity: str, value: str) -> Both:
    """A word of an enumeration, with its quantity."""
    choice = QUANTITIES[quantity]
    if isinstance(choice, Choice) and choice.is_bool:
        return QUANTITY[quantity]
    name = QUANTITY[quantity]
    return text(
        "{name}“{said}”", "{name} “{said}”", name=name, said=WORD.get(value, Both(value, value))
    )
