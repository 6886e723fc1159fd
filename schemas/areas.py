"""The tree of areas, from below."""

from collections.abc import Iterator

from schemas.directory import Directory


def ways_up(directory: Directory) -> dict[str, tuple[str, ...]]:
    """Area id → its own id and those of all areas above it, lowest first."""
    parent = {a.id: a.parent for a in directory.areas}

    def way(area: str | None) -> Iterator[str]:
        while area is not None:
            yield area
            area = parent[area]

    return {area: tuple(way(area)) for area in parent}


def station_of_homes(directory: Directory) -> dict[str, str]:
    """Home id → the station nearest above it: of its own area, else of the closest ancestor."""
    station = {s.area: s.id for s in reversed(directory.stations)}
    nearest = {
        area: next((station[above] for above in way if above in station), None)
        for area, way in ways_up(directory).items()
    }
    found = {home.id: nearest[home.area] for home in directory.homes}
    return {home: station for home, station in found.items() if station is not None}
