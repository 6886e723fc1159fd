"""Kinds of block that judge what devices and gateways say, or that they say nothing."""

from __future__ import annotations

from typing import Any

from rules.explain.conditions import condition, word
from rules.explain.figures import told
from rules.explain.spoken import Spoken, at_once, in_step
from rules.explain.words import DEVICE, SEVERITY, WORD, Both, listed, text
from rules.rule import Rule


def event(rule: Rule, block: Any) -> Spoken:
    said = word(block.quantity, block.value)
    every = block.counts == "message"
    judges = (
        text("设备每次上报{said}。", "Each time a device says {said}.", said=said)
        if every
        else text("设备的状态变为{said}。", "A device's state changes to {said}.", said=said)
    )
    window = told(rule, block.window)
    return Spoken(
        [judges],
        [
            at_once(block.severity),
            Both(
                "补传的旧数据也报警并注明时间；早于 24 小时的降为蓝色。测试只发蓝色并注明。",
                "Late and historic reports alert too and say how old they are; older than 24 h "
                "only blue. Tests are blue and say so.",
            ),
        ],
        [Both("从不自动解除：由站点处理关闭。", "Never: the station closes it.")],
        [
            text(
                "同一设备 {window}内的重复上报属于同一报警；除此之外没有任何抑制。",
                "Reports of the same device within {window} belong to one alert; nothing else "
                "holds it back.",
                window=window,
            )
        ],
    )


def unresolved(rule: Rule, block: Any) -> Spoken:
    ends = listed(WORD[w] for w in block.resolved_by)
    said = word(block.quantity, block.value)
    return Spoken(
        [
            text(
                "设备的状态变为{said}，且一直没有结论。",
                "A device's state changes to {said} and stays so.",
                said=said,
            )
        ],
        [in_step(rule, step) for step in block.steps],
        [text("设备上报以下任一状态：{ends}。", "When the device says any of: {ends}.", ends=ends)],
        [Both("设备失联不会停止计时。", "A device that falls silent does not stop it.")],
    )


def state(rule: Rule, block: Any) -> Spoken:
    others = [
        text("{kind}：{severity}。", "{kind}: {severity}.", kind=DEVICE[k], severity=SEVERITY[s])
        for k, s in block.severity_of.items()
    ]
    return Spoken(
        [
            text(
                "设备自身上报：{c}。",
                "What a device says of itself: {c}.",
                c=condition(rule, block.condition),
            )
        ],
        [at_once(block.severity), *others],
        [text("{c}。", "When {c}.", c=condition(rule, block.clear_condition))],
        [
            Both(
                "历史数据和保留消息只能解除，不会报警。",
                "History and retained messages can clear it, never raise it.",
            )
        ],
    )


def silence(rule: Rule, block: Any) -> Spoken:
    limits = listed(
        text("{kind} {limit}", "{kind} {limit}", kind=DEVICE[kind], limit=told(rule, name))
        for kind, name in ((k, block.limits[k.value]) for k in DEVICE if k.value in block.limits)
    )
    return Spoken(
        [
            text(
                "设备超过其时限没有任何消息：{limits}；至少为三个上报周期，设备型号另有规定的从其规定。",
                "Nothing from a device for its limit: {limits}; three of its intervals where that "
                "is longer, or what its model says.",
                limits=limits,
            )
        ],
        [at_once(block.severity)],
        [Both("设备的任何消息。", "On any message of the device.")],
        [
            Both(
                "网关失联期间不判断其下设备；网关恢复后重新计时。",
                "Not judged while its gateway is down; counted anew when the gateway is back.",
            )
        ],
    )


def outage(_rule: Rule, block: Any) -> Spoken:
    return Spoken(
        [
            Both(
                "网关报告离线，或其下所有设备在其中最短的时限内（至少 5 分钟）都没有消息。",
                "A gateway says that it is offline, or nothing is heard through it for the "
                "shortest limit among its devices (5 min at least).",
            )
        ],
        [at_once(block.severity)],
        [Both("网关或其下设备的任何消息。", "On any message of it or of a device behind it.")],
        [],
    )


def unheard(rule: Rule, block: Any) -> Spoken:
    after = told(rule, block.after)
    return Spoken(
        [
            text(
                "老人的所有设备都没有消息达 {after}。",
                "Nothing from any device of an elder for {after}.",
                after=after,
            )
        ],
        [at_once(block.severity)],
        [Both("任一设备的任何消息。", "On any message of any of them.")],
        [],
    )
