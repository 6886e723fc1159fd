"""All the places that a reading of a `[[message]]` looks at, found in one go.

Places share their beginnings (`payload.status`, `payload.time`), so they are put into one tree, and
the tree into one function of plain Python that is compiled when the profile is loaded: a message
pays for each object once and for no interpretation. The function's text is made of our own names
only; keys and values that a profile names are handed to it as constants, so that nothing a profile
or a device says ever becomes code. What a path means is told in `paths`.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

from devices.language.paths import (
    SEARCHED,
    Pick,
    Step,
    capture_names,
    compile_template,
    fold_steps,
    parse_path,
)
from devices.language.tokens import token
from devices.message import Incoming

Found = Sequence[Any]
"""What stands at each place, None where nothing does, by the number that `Places.at` gave."""
Find = Callable[[Any, Incoming, Found, Found], Found]
"""(record, message, what `root` found, what `parent` found) → what stands at every place."""


class Finder(NamedTuple):
    """`root` and `parent` find what records share: once a message, once an array."""

    find: Find
    root: Callable[[Any], Found]
    parent: Callable[[Any], Found]


class _Node:
    """A value on the way to some place; `name` is its variable."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.steps: dict[Step, _Node] = {}

    def all(self) -> list["_Node"]:
        return [self, *(node for child in self.steps.values() for node in child.all())]


class Places:
    """Gathers the places while a message is compiled; `finder` makes the function."""

    def __init__(self, *, folded: bool, has_records: bool) -> None:
        """`has_records`: with `each`, where a record is not the whole payload."""
        self._folded, self._has_records = folded, has_records
        self._trees = {start: _Node(start) for start in ("record", "root", "parent")}
        self._wanted: dict[tuple[str, ...], int] = {}
        self._captured: dict[str, tuple[str, str]] = {}  # path → variable, call
        self._constants: dict[str, Any] = {"pick": _pick}
        self._count = 0

    def at(self, paths: Iterable[str]) -> int:
        """The number of the place where the first of the paths that says something leads to."""
        names = tuple(self._name(path) for path in paths)
        return self._wanted.setdefault(names, len(self._wanted))

    def finder(self) -> Finder:
        """The functions for every place asked for so far."""
        shared = {start: self._trees[start].all() for start in ("root", "parent")}
        lines = ["def find(record, message, root, parent):"]
        if self._has_records:
            lines += [f" {_tuple(n.name for n in nodes)} = {s}" for s, nodes in shared.items()]
        lines += [f" {name} = {call}" for name, call in self._captured.values()]
        lines += self._walk(self._trees["record"])
        lines.append(f" return {_tuple(map(_first, self._wanted))}")
        for start, nodes in shared.items():
            lines.append(f"def find_{start}({start}):")
            lines += self._walk(self._trees[start])
            lines.append(f" return {_tuple(n.name for n in nodes)}")
        made = dict(self._constants)
        exec("\n".join(lines), made)  # noqa: S102 (our own text: see above)
        return Finder(made["find"], made["find_root"], made["find_parent"])

    def _name(self, path: str) -> str:
        """The variable of the generated function that holds what the path leads to."""
        if capture_names(path):
            if path not in self._captured:
                call = f"{self._constant(compile_template(path))}(record, message)"
                self._captured[path] = self._variable(), call
            return self._captured[path][0]
        start = {"$": "root", "^": "parent"}.get(path[0], "record")
        if not self._has_records:
            start = "record" if start == "root" else start
        node = self._trees[start]
        steps = parse_path(path)
        for step in fold_steps(steps) if self._folded else steps:
            if step not in node.steps:
                node.steps[step] = _Node(self._variable())
            node = node.steps[step]
        return node.name if self._has_records or start == "record" else "None"

    def _variable(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def _constant(self, value: Any) -> str:
        name = f"c{len(self._constants)}"
        self._constants[name] = value
        return name

    def _walk(self, node: _Node, indent: str = " ") -> list[str]:
        """The lines that set the variables of everything below a node.

        Where the node is not there, nothing below it is looked for.
        """
        fields = {step: child for step, child in node.steps.items() if type(step) is str}
        items = {step: child for step, child in node.steps.items() if type(step) is not str}
        lines = []
        if fields:
            lines += [f"{indent}if type({node.name}) is dict:", f"{indent} get = {node.name}.get"]
            lines += [
                f"{indent} {c.name} = get({self._constant(key)})" for key, c in fields.items()
            ]
            lines += self._below(fields.values(), indent)
        if items:
            lines.append(f"{indent}if type({node.name}) is list:")
            lines += [f"{indent} {line}" for line in self._items(node.name, items)]
            lines += self._below(items.values(), indent)
        return lines

    def _below(self, children: Collection[_Node], indent: str) -> list[str]:
        """The rest of the block in which the children were set, and what holds without it."""
        lines = [line for child in children for line in self._walk(child, f"{indent} ")]
        names = [node.name for child in children for node in child.all()]
        return [*lines, f"{indent}else:", f"{indent} {' = '.join(names)} = None"]

    def _items(self, name: str, items: dict[Step, _Node]) -> list[str]:
        lines = []
        picks: dict[str, dict[str | None, _Node]] = {}
        for step, child in items.items():
            if isinstance(step, Pick):
                picks.setdefault(step.key, {})[step.value] = child
            else:
                least = step if isinstance(step, int) and step >= 0 else -int(step) - 1
                lines.append(f"{child.name} = {name}[{step}] if len({name}) > {least} else None")
        for key, children in picks.items():
            wanted = {value: place for place, value in enumerate(children)}
            names = _tuple(child.name for child in children.values())
            lines.append(f"{names} = pick({name}, {self._constant(key)}, {self._constant(wanted)})")
        return lines


def _tuple(parts: Iterable[str]) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"


def _first(names: Sequence[str]) -> str:
    """The first of several expressions that is not None."""
    *others, last = names
    tests = [f"{n} if {n} is not None else " for n in others]
    return "".join(tests) + last


def _pick(records: list[Any], key: str, wanted: dict[str | None, int]) -> list[Any]:
    """For each wanted value the first of the records (of those searched) whose key holds it."""
    found: list[Any] = [None] * len(wanted)
    for record in records[:SEARCHED]:
        if type(record) is dict:
            raw = record.get(key)
            place = wanted.get(raw) if type(raw) is str else None
            if place is None:
                place = wanted.get(token(raw))
            if place is not None and found[place] is None:
                found[place] = record
    return found
