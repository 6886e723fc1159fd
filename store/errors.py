"""What to do about an error of the store, judged by its SQLSTATE in this one place.

Says nothing about why it happened; the error's own text does.
"""

from enum import Enum

import psycopg


class Kind(Enum):
    """What the caller can do."""

    TRANSIENT = "transient"
    """It passes by itself: do the same again, on a new connection if this one is closed."""

    PERMANENT = "permanent"
    """This content will be refused every time: put it aside with the reason (I3)."""

    BROKEN = "broken"
    """Nothing is wrong with the content, but it will not pass by itself either (no such table,
    wrong password, no right): keep the content, try slowly, and call somebody."""


_CLASSES = {
    "08": Kind.TRANSIENT,  # connection exception
    "0A": Kind.PERMANENT,  # feature not supported, such as an update of compressed rows
    "21": Kind.PERMANENT,  # cardinality violation
    "22": Kind.PERMANENT,  # data exception: out of range, not UTF-8, ...
    "23": Kind.PERMANENT,  # integrity constraint violation
    "25": Kind.TRANSIENT,  # transaction state: a server that became a read-only standby
    "40": Kind.TRANSIENT,  # serialization failure, deadlock
    "53": Kind.TRANSIENT,  # disk full, out of memory, too many connections
    "54": Kind.PERMANENT,  # program limit exceeded: too large, too many columns
    "55": Kind.TRANSIENT,  # lock not available, object in use
    "57": Kind.TRANSIENT,  # shutdown, restart, cancelled, statement timeout
    "58": Kind.TRANSIENT,  # system error outside PostgreSQL: I/O
}
_EXCEPTIONS = {
    "40002": Kind.PERMANENT,  # a deferred constraint failed at commit
    "57P04": Kind.BROKEN,  # the database was dropped
}


def kind(error: psycopg.Error) -> Kind:
    """What to do about `error`. A class that is not listed (42 syntax or access, 28 login, 3D no
    such database, XX internal, ...) is BROKEN: losing content needs a good reason."""
    if error.sqlstate is not None:
        return _EXCEPTIONS.get(error.sqlstate) or _CLASSES.get(error.sqlstate[:2], Kind.BROKEN)
    if isinstance(error, psycopg.DataError):  # refused by the driver, before it was sent
        return Kind.PERMANENT
    # Without a state the server did not answer: the link is lost, or never came about.
    lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return Kind.TRANSIENT if lost else Kind.BROKEN
