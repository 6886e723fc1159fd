"""Where things stand in the area tree."""

from collections.abc import Collection

import psycopg

_STATIONS = """
WITH RECURSIVE place (key, area) AS (
    SELECT 'home:' || id, area FROM home WHERE id = ANY (%(homes)s)
    UNION ALL
    SELECT 'gateway:' || id, area FROM gateway WHERE id = ANY (%(gateways)s)
), climb (key, area, height) AS (
    SELECT key, area, 0 FROM place
    UNION ALL
    SELECT key, a.parent, height + 1 FROM climb JOIN area a ON a.id = climb.area
    WHERE a.parent IS NOT NULL
)
SELECT DISTINCT ON (key) key, s.id
FROM climb JOIN station s ON s.area = climb.area AND s.retired_at IS NULL
ORDER BY key, height, s.id
"""


def stations_of(
    connection: psycopg.Connection, *, homes: Collection[str], gateways: Collection[str]
) -> dict[str, str]:
    """The nearest station up the area tree, by `home:<id>` and `gateway:<id>`.

    What the directory does not know, or has no station above it, is left out.
    """
    if not homes and not gateways:
        return {}
    values = {"homes": list(homes), "gateways": list(gateways)}
    rows = connection.execute(_STATIONS, values)
    return dict(rows.fetchall())
