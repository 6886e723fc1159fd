"""Which ladder holds: an administrator's, kept in the store, before that of the settings.

Whoever decides asks within the transaction of the decision, so that a change takes effect in every
copy with its commit.
"""

from typing import NamedTuple

import structlog
from psycopg import AsyncConnection
from pydantic import ValidationError

from stations.ladder import Ladder
from store import stations_ladder
from store.stations_ladder import LadderChange

log = structlog.get_logger(__name__)


class InForce(NamedTuple):
    """`version`: how often it was changed. `change`: the last change; None: the settings'."""

    version: int
    ladder: Ladder
    change: LadderChange | None = None


async def find(conn: AsyncConnection, base: Ladder) -> InForce:
    """The ladder of this moment; `base` is the settings'."""
    change = await stations_ladder.newest(conn)
    if change is None:
        return InForce(0, base)
    return InForce(change.version, _read(change, base), change)


def _read(change: LadderChange, base: Ladder) -> Ladder:
    """A stored ladder that is none (another release wrote it) pages by the settings': somebody is
    paged in any case. `vigil doctor` tells."""
    if change.ladder is None:
        return base
    try:
        return Ladder.model_validate(change.ladder)
    except ValidationError:
        log.error("ladder_unreadable", version=change.version)  # noqa: TRY400 (its values say it)
        return base
