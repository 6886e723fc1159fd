"""Small registries for tests of the store."""

from typing import Any

from schemas.directory import Directory

AREAS = [
    {"id": "9001", "name": "Harbour", "level": "district", "zone": "Asia/Shanghai"},
    {"id": "900101", "name": "North quay", "level": "street", "parent": "9001"},
    {"id": "90010101", "name": "Lantern lane", "level": "community", "parent": "900101"},
    {"id": "90010102", "name": "Rope walk", "level": "community", "parent": "900101"},
]


def folder(homes: int = 2, **more: Any) -> dict[str, Any]:
    """What `directory` takes, to be changed by a test: `homes` homes of one elder with a mattress
    and a button each, the odd ones in a community without a station of its own."""
    numbers = range(homes)
    return {
        "areas": [dict(a) for a in AREAS],
        "stations": [
            {"id": "S-lane", "name": "Lane post", "area": "90010101"},
            {"id": "S-quay", "name": "Quay centre", "area": "900101", "phone": "555-01"},
        ],
        "homes": [
            {"id": f"H{n}", "area": "90010101" if n % 2 == 0 else "90010102", "address": f"No. {n}"}
            for n in numbers
        ],
        "elders": [
            {
                "id": f"E{n}",
                "name": f"Name {n}",
                "home": f"H{n}",
                "living": "lone",
                "care_level": n % 5,
                "tags": "bereft,river" if n % 3 == 0 else "",
            }
            for n in numbers
        ],
        "gateways": [{"id": f"G{n}", "area": "90010101"} for n in numbers],
        "devices": [
            device
            for n in numbers
            for device in (
                _device(f"M{n}", "mattress", n, "bed", 30),
                _device(f"B{n}", "sos_button", n, "worn", 43_200),
            )
        ],
        "contacts": [
            {"elder": f"E{n}", "name": "Kin", "relation": "son", "phone": f"7{n}", "priority": 1}
            for n in numbers
        ],
        "staff": [{"id": "W1", "name": "Worker", "station": "S-lane", "role": "duty"}],
        "duty": [
            {
                "station": "S-lane",
                "staff": "W1",
                "weekdays": "Mon,Tue",
                "starts": "08:00",
                "ends": "20:00",
            }
        ],
        "away": [
            {
                "elder": "E0",
                "from": "2026-03-01T08:00:00+08:00",
                "until": "2026-03-04T08:00:00+08:00",
            }
        ],
        "overrides": [{"elder": "E0", "rule": "sos", "parameter": "window_s", "value": "40"}],
        **more,
    }


def directory(homes: int = 2, **more: Any) -> Directory:
    """A checked directory; a keyword replaces the rows of its file."""
    return Directory.model_validate(folder(homes, **more))


def _device(id_: str, kind: str, n: int, location: str, interval_s: int) -> dict[str, Any]:
    return {
        "id": id_,
        "kind": kind,
        "profile": "canonical",
        "gateway": f"G{n}",
        "elder": f"E{n}",
        "location": location,
        "interval_s": interval_s,
    }
