"""The stations above each area, to be kept in memory: whom an emergency concerns when the store
cannot be asked."""

from collections.abc import Mapping
from typing import NamedTuple, get_args

import psycopg

from schemas.wire import Level


class Rung(NamedTuple):
    """A station and the level of its area."""

    station: str
    level: Level


class Ladders(NamedTuple):
    """Ids and levels only; `above` by area, the nearest station first."""

    above: Mapping[str, tuple[Rung, ...]]
    top: tuple[Rung, ...]
    """The highest stations of the whole directory, for what has no place or no station above."""

    def of(self, area: str | None) -> tuple[Rung, ...]:
        """Every station above an area; the top where there is none, or the area is not known."""
        return self.above.get(area or "", ()) or self.top


_HEIGHTS: tuple[Level, ...] = get_args(Level)


def load(connection: psycopg.Connection) -> Ladders:
    """The ladders of every area in service, from one consistent view."""
    rows = connection.execute(
        """
        SELECT a.id, a.parent, a.level,
            coalesce(array_agg(s.id ORDER BY s.id) FILTER (WHERE s.id IS NOT NULL), '{}')
        FROM area a LEFT JOIN station s ON s.area = a.id AND s.retired_at IS NULL
        WHERE a.retired_at IS NULL
        GROUP BY a.id
        """
    ).fetchall()
    own = {id_: tuple(Rung(s, level) for s in stations) for id_, _, level, stations in rows}
    parent = {id_: above for id_, above, _, _ in rows}
    highest = max((_HEIGHTS.index(r.level) for rungs in own.values() for r in rungs), default=0)
    top = [r for rungs in own.values() for r in rungs if r.level == _HEIGHTS[highest]]
    return Ladders({id_: _upward(id_, own, parent) for id_ in own}, tuple(sorted(top)))


def _upward(
    area: str | None, own: Mapping[str, tuple[Rung, ...]], parent: Mapping[str, str | None]
) -> tuple[Rung, ...]:
    found: tuple[Rung, ...] = ()
    for _ in range(len(own)):
        if area is None:
            break
        found += own.get(area, ())
        area = parent.get(area)
    return found
