"""The reference of profile.toml, from the models that check one: `python -m devices.reference`.

Writes the tables of docs/reference/profiles.md; a test asserts that they are current.
"""

from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from devices.language import spec
from schemas.quantities import QUANTITIES, Number

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "profiles.md"

_TABLES: list[tuple[str, type[BaseModel]]] = [
    ("The top of the file", spec.Profile),
    ("`[[message]]`", spec.Message),
    ("`[message.value.<quantity>]`", spec.Value),
    ("`[message.time]`, or a list of them", spec.Time),
    ("`[message.key]`", spec.Key),
    ("`test` and `history`: true, a mark, or a list of marks", spec.Mark),
    ("`[[message.case]]`", spec.Case),
    ("`[[message.require]]`", spec.Require),
    ("`[message.availability]`", spec.Availability),
    ("`[[message.frame]]`", spec.Frame),
    ("`[[message.frame.entries]]`", spec.Entry),
]

_MARK = "## Quantities"
"""What stands before it is written by hand."""


def reference(page: str) -> str:
    """The page with everything from the quantities on made anew."""
    head = page.split(_MARK, maxsplit=1)[0] + _MARK + "\n"
    return "\n".join([head, *_quantities(), *(_table(*table) for table in _TABLES)])


def _quantities() -> list[str]:
    rows = ["| quantity | values |", "|---|---|"]
    for name, quantity in QUANTITIES.items():
        if isinstance(quantity, Number):
            values = f"{quantity.unit}, plausible {quantity.low:g} to {quantity.high:g}"
        else:
            values = ", ".join(f"`{word}`" for word in quantity.values)
        rows.append(f"| `{name}` | {values} |")
    return [*rows, ""]


def _table(title: str, model: type[BaseModel]) -> str:
    rows = [f"## {title}", ""]
    if model.__doc__:
        rows += [model.__doc__, ""]
    rows += ["| key | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        rows.append(f"| `{field.alias or name}` | {_default(field)} | {_meaning(field)} |")
    return "\n".join([*rows, ""])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    if field.default in (None, "", [], {}):
        return ""
    if isinstance(field.default, list) and len(field.default) == 1:
        return _shown(field.default[0])
    return _shown(field.default)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _meaning(field: FieldInfo) -> str:
    words = [str(word) for word in _choices(field.annotation)]
    return (field.description or "") + (f" ({', '.join(f'`{w}`' for w in words)})" if words else "")


def _choices(annotation: Any) -> list[Any]:
    """The words of a Literal, also where it may be absent."""
    parts = get_args(annotation)
    if parts and all(isinstance(part, str) for part in parts):
        return list(parts)
    return [word for part in parts for word in _choices(part)] if type(None) in parts else []


def main() -> None:
    PAGE.write_text(reference(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
