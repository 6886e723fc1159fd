"""The catalogue's figures as docs/reference/rules.md has them, for the plain engine."""

from __future__ import annotations

from typing import Protocol

S = 1_000_000
MIN = 60 * S
HOUR = 60 * MIN
DAY = 24 * HOUR
INF = float("inf")

RATE = {"orange_s": 120, "red_s": 600, "clear_s": 60}
DEFAULTS: dict[str, dict[str, float]] = {
    "heart-rate": {"high": 131, "low": 40, **RATE},
    "respiratory-rate": {"high": 25, "low": 8, **RATE},
    "no-vitals": {"proven_s": 600, "orange_s": 300, "red_s": 900, "clear_s": 0},
    "long-in-bed": {"orange_s": 14 * 3600, "clear_s": 0},
    "device-silent": {"mattress_s": 900, "fall_sensor_s": 300, "sos_button_s": 25 * 3600},
    "unprotected": {"silent_s": INF},
    "night-absence": {
        "starts": 22 * 60,
        "ends": 6 * 60,
        "settled_s": 1800,
        "least_nights": 3,
        "last_hour_s": 3600,
        "learning_s": 7200,
        "grace_s": 1800,
        "orange_s": 1800,
        "red_s": INF,
    },
    "restless-night": {"pause_s": 7 * 86_400, "exits": 6, "above": 3, "least_nights": 14},
    "vital-trend": {
        "half_hours": 6,
        "least_nights": 14,
        "times": 3,
        "heart_floor": 1.5,
        "breath_floor": 0.5,
    },
    "battery-low": {"low": 15, "clear": 25},
    "no-activity": dict.fromkeys(("orange_s", "red_s", "no_room_orange_s", "no_room_red_s"), INF),
}


class Who(Protocol):
    @property
    def lone(self) -> bool: ...
    @property
    def care_level(self) -> int: ...


def default_figure(rule: str, name: str, elder: Who | None) -> float:
    """A parameter for an elder without overrides; for nobody in particular if None."""
    if rule == "long-in-bed" and name == "orange_s" and elder and elder.care_level >= 3:
        return INF
    if rule == "unprotected" and elder and elder.lone:
        return 7200
    if rule == "night-absence" and name == "red_s" and elder and elder.lone:
        return 3600
    if rule == "no-activity" and elder and elder.lone:
        return {"orange": 12, "red": 24, "no_room_orange": 20, "no_room_red": 30}[name[:-2]] * 3600
    return DEFAULTS[rule][name]
