"""What stands around every page of a signed-in worker: where they may go.

A page is listed here once it has a route; a test looks that every entry leads somewhere for every
role that sees it.
"""

from typing import NamedTuple

from schemas.directory import Role

_EVERYBODY = frozenset(Role)


class Entry(NamedTuple):
    """One page of the navigation. `word` is a catalogue key; `roles` see it."""

    path: str
    word: str
    roles: frozenset[Role] = _EVERYBODY


NAVIGATION: tuple[Entry, ...] = (
    Entry("/", "nav.board"),
    Entry("/tasks", "nav.tasks"),
    Entry("/people", "nav.people"),
    Entry("/visits", "nav.visits"),
    Entry("/devices", "nav.devices"),
    Entry("/quiet", "nav.quiet"),
    Entry("/duty", "nav.duty"),
    Entry("/reports", "nav.reports"),
    Entry("/rules", "nav.rules"),
    Entry("/staff", "nav.staff", frozenset({Role.ADMIN})),
    Entry("/ladder", "nav.ladder", frozenset({Role.ADMIN, Role.SUPERVISOR})),
    Entry("/audit", "nav.audit", frozenset({Role.ADMIN, Role.SUPERVISOR})),
)


def navigation(role: str) -> list[Entry]:
    """The pages a role may open, in the order in which they are shown."""
    return [entry for entry in NAVIGATION if role in entry.roles]


def is_current(entry: Entry, path: str) -> bool:
    """Whether a page is the entry's own or lies below it."""
    return path == entry.path or (entry.path != "/" and path.startswith(f"{entry.path}/"))
