"""What is open under a station's area, in figures: for who may not see whom it is about."""

from datetime import datetime
from typing import NamedTuple

from store.console_scope import BELOW
from store.console_sessions import Connection


class AreaFigures(NamedTuple):
    """Open incidents of an area without tests: by severity, those in nobody's hands, and since when
    the longest of these waits. `tasks`: open ones of its stations; `working`: workers who confirmed
    a shift that runs."""

    area: str
    name: str
    red: int
    orange: int
    unheld: int
    waits_since: datetime | None
    tasks: int
    working: int


_AREAS = f"""
WITH RECURSIVE {BELOW}, opened AS (
    SELECT coalesce(h.area, g.area, j.area) AS area, i.severity, i.holder, i.opened_at
    FROM incident i
    LEFT JOIN home h ON h.id = i.home
    LEFT JOIN gateway g ON i.home IS NULL AND g.id = i.lane
    LEFT JOIN LATERAL (
        SELECT s.area FROM incident_station k JOIN station s ON s.id = k.station
        WHERE k.incident = i.id AND k.station = %(station)s
    ) j ON true
    WHERE i.state <> 'closed' AND NOT i.test
), incidents AS (
    SELECT area, count(*) FILTER (WHERE severity = 'red') AS red,
        count(*) FILTER (WHERE severity = 'orange') AS orange,
        count(*) FILTER (WHERE holder IS NULL) AS unheld,
        min(opened_at) FILTER (WHERE holder IS NULL) AS waits_since
    FROM opened WHERE area IN (SELECT area FROM below) GROUP BY area
), tasks AS (
    SELECT s.area, count(*) AS tasks FROM task t JOIN station s ON s.id = t.station
    WHERE t.done_at IS NULL AND s.area IN (SELECT area FROM below) GROUP BY s.area
), working AS (
    SELECT s.area, count(*) AS working FROM shift w JOIN station s ON s.id = w.station
    WHERE w.ended_at IS NULL AND w.ends_at > %(now)s AND s.area IN (SELECT area FROM below)
    GROUP BY s.area
)
SELECT r.id, r.name, coalesce(red, 0), coalesce(orange, 0), coalesce(unheld, 0), waits_since,
    coalesce(tasks, 0), coalesce(working, 0)
FROM below b JOIN area r ON r.id = b.area
LEFT JOIN incidents ON incidents.area = b.area LEFT JOIN tasks ON tasks.area = b.area
LEFT JOIN working ON working.area = b.area
WHERE incidents.area IS NOT NULL OR tasks.area IS NOT NULL OR working.area IS NOT NULL
ORDER BY 3 DESC, 4 DESC, 7 DESC, r.id
"""  # noqa: S608 (our own text)


async def by_area(conn: Connection, station: str, *, now: datetime) -> list[AreaFigures]:
    """Areas under the station with anything to say, the most reds first."""
    cursor = await conn.execute(_AREAS.encode(), {"station": station, "now": now})
    return [AreaFigures(*row) for row in await cursor.fetchall()]
