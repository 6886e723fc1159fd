"""The vocabulary of explanations, in both languages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from schemas.alerts import Category, Severity
from schemas.directory import DeviceKind, Living


class Both(NamedTuple):
    """The same in both languages."""

    zh: str
    en: str


SEVERITY = {
    Severity.BLUE: Both("蓝色", "blue"),
    Severity.ORANGE: Both("橙色", "orange"),
    Severity.RED: Both("红色", "red"),
}
CATEGORY = {
    Category.EMERGENCY: Both("紧急", "emergency"),
    Category.CARE: Both("照护", "care"),
    Category.DEVICE: Both("设备", "device"),
}
LIVING = {
    Living.LONE: Both("独居", "living alone"),
    Living.EMPTY_NEST: Both("空巢", "empty nest"),
    Living.LEFT_BEHIND: Both("留守", "left behind"),
    Living.WITH_FAMILY: Both("与家人同住", "with family"),
}
DEVICE = {
    DeviceKind.MATTRESS: Both("床垫", "mattress"),
    DeviceKind.FALL_SENSOR: Both("跌倒传感器", "fall sensor"),
    DeviceKind.SOS_BUTTON: Both("SOS 按钮", "SOS button"),
}
QUANTITY = {
    "heart_rate": Both("心率", "heart rate"),
    "respiratory_rate": Both("呼吸率", "respiratory rate"),
    "movement": Both("体动", "movement"),
    "battery": Both("电量", "battery"),
    "signal": Both("信号", "signal"),
    "in_bed": Both("在床", "in bed"),
    "presence": Both("有人", "somebody is present"),
    "fall": Both("跌倒状态", "fall state"),
    "sos": Both("SOS", "SOS"),
    "tamper": Both("被拆动", "tampered with"),
}
WORD = {
    "none": Both("无", "none"),
    "suspected": Both("疑似", "suspected"),
    "confirmed": Both("确认", "confirmed"),
    "cleared": Both("解除", "cleared"),
    "pressed": Both("按下", "pressed"),
    "cancelled": Both("取消", "cancelled"),
    "test": Both("测试", "test"),
}
NEVER = Both("从不", "never")


def listed(parts: Iterable[Both]) -> Both:
    """`a、b` and `a, b`."""
    texts = list(parts)
    return Both("、".join(t.zh for t in texts), ", ".join(t.en for t in texts))


def text(zh: str, en: str, **parts: Both) -> Both:
    """Two templates with the same parts."""
    return Both(
        zh.format(**{name: part.zh for name, part in parts.items()}),
        en.format(**{name: part.en for name, part in parts.items()}),
    )
