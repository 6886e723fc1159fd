"""Kinds of block that judge an elder: the bed, the nights, the home."""

from __future__ import annotations

from typing import Any

from rules.explain.conditions import condition
from rules.explain.figures import told
from rules.explain.spoken import NO_CLOCK, STALE, Spoken, at_once, in_step
from rules.explain.words import QUANTITY, SEVERITY, Both, text
from rules.rule import Rule


def sustained(rule: Rule, block: Any) -> Spoken:
    spoken = Spoken(
        [
            text(
                "床上的读数持续满足：{c}。",
                "Readings from the bed hold without a break: {c}.",
                c=condition(rule, block.condition),
            )
        ],
        [in_step(rule, step) for step in block.steps],
        [
            text(
                "条件不再满足达 {after}。",
                "Once it has not held for {after}.",
                after=told(rule, block.clear),
            )
        ],
        [STALE],
    )
    if block.needs is not None:
        spoken.minds.append(
            text(
                "本次卧床期间须先有 {lasted}满足：{c}。",
                "Only after {lasted} in this stay in bed with: {c}.",
                lasted=told(rule, block.needs.lasted),
                c=condition(rule, block.needs.condition),
            )
        )
    return spoken


def absence(rule: Rule, block: Any) -> Spoken:
    figure = {
        name: told(rule, getattr(block, name))
        for name in (
            "evening",
            "starts",
            "ends",
            "settled",
            "nights",
            "last_hour",
            "learning",
            "grace",
        )
    }
    return Spoken(
        [
            text(
                "夜间（{starts} 至 {ends}，当地时间）离床未归；自 {evening} 起须已卧床 {settled}。",
                "Out of bed in the night ({starts} to {ends}, local time) and not back, after "
                "{settled} in bed since {evening}.",
                **figure,
            ),
            text(
                "已知 {nights} 个夜晚后，以本人的就寝和起床时间中位数代替上述时间。",
                "With {nights} known nights the elder's own median bed and rise times stand in "
                "for these hours.",
                **figure,
            ),
        ],
        [in_step(rule, step) for step in block.steps],
        [Both("回到床上，或在别处有活动。", "Back in bed, or active elsewhere."), NO_CLOCK],
        [
            text(
                "在夜间最后 {last_hour}内（本人作息尚未知时为 {learning}）离床的，不升级；"
                "夜间结束 {grace}后也不再升级。",
                "Who leaves in the night's last {last_hour} ({learning} while the usual hours are "
                "not known) gets no more than the first step; nothing rises later than {grace} "
                "after the night.",
                **figure,
            ),
            Both(
                "家中别处有人活动时，升级等待。",
                "The second step waits while somebody is seen in the home.",
            ),
            STALE,
        ],
    )


def _nightly(rule: Rule, block: Any) -> dict[str, Both]:
    return {name: told(rule, getattr(block, name)) for name in ("starts", "ends", "nights")}


def count(rule: Rule, block: Any) -> Spoken:
    names = ("last_hour", "pause", "least", "above")
    figure = _nightly(rule, block) | {n: told(rule, getattr(block, n)) for n in names}
    return Spoken(
        [
            text(
                "一夜（{starts} 至 {ends}）离床至少 {least} 次，"
                "且比本人近 28 夜的中位数至少多 {above} 次。",
                "At least {least} exits from bed in a night ({starts} to {ends}), and {above} more "
                "than the elder's median of the last 28 nights.",
                **figure,
            )
        ],
        [at_once(block.severity)],
        [Both("下一夜开始时。", "When the next night begins.")],
        [
            text(
                "须已知至少 {nights} 夜；最后 {last_hour}内的离床不计；{pause}内最多一次。",
                "Only with {nights} known nights; exits in the last {last_hour} do not count; at "
                "most once in {pause}.",
                **figure,
            )
        ],
    )


def baseline(rule: Rule, block: Any) -> Spoken:
    names = ("half_hours", "times", "floor")
    figure = _nightly(rule, block) | {n: told(rule, getattr(block, n)) for n in names}
    figure["q"] = QUANTITY[block.quantity]
    return Spoken(
        [
            text(
                "夜间（{starts} 至 {ends}）{q}的半小时均值的中位数，偏离本人近 28 夜中位数超过 "
                "{times} × 1.4826 × 绝对中位差（至少 {floor}）。",
                "The median of a night's half-hour means of {q} ({starts} to {ends}) is further "
                "from the elder's median of the last 28 nights than {times} × 1.4826 × the median "
                "absolute deviation (at least {floor}).",
                **figure,
            )
        ],
        [at_once(block.severity)],
        [Both("下一个正常的夜晚。", "The next ordinary night.")],
        [
            text(
                "须已知至少 {nights} 夜，且当夜至少有 {half_hours} 个半小时的数据。",
                "Only with {nights} known nights, and {half_hours} half hours of data in this one.",
                **figure,
            )
        ],
    )


def inactivity(rule: Rule, block: Any) -> Spoken:
    steps = []
    for step, blind in zip(block.steps, block.without_room, strict=True):
        steps.append(
            text(
                "{after}后（家中没有房间传感器时 {blind}后）：{severity}。",
                "after {after}, or {blind} where the home has no room sensor: {severity}.",
                after=told(rule, step.after),
                blind=told(rule, blind),
                severity=SEVERITY[step.severity],
            )
        )
    return Spoken(
        [
            Both(
                "家中任何设备都没有活动的迹象。", "No sign of activity from any device of the home."
            )
        ],
        steps,
        [Both("有活动时。", "On activity."), NO_CLOCK],
        [
            Both(
                "没有能反映活动的设备在线时，计时停止。",
                "Counting stops while no device that could show activity is live.",
            )
        ],
    )


def arrival(_rule: Rule, block: Any) -> Spoken:
    return Spoken(
        [Both("登记外出期间家中出现活动。", "Activity at home of an elder who is noted as away.")],
        [at_once(block.severity)],
        [
            Both(
                "不需要解除：外出就此结束，站点询问。",
                "Nothing to clear: being away is over, and the station asks.",
            )
        ],
        [],
    )
