"""A refusal that a person reads: what stands in the way, in both languages."""

from schemas.alerts import Sentence

SENTENCES = {
    "not_reached": Sentence(
        zh="这条警情没有到达本站，或已不存在。",
        en="This has not reached your station, or does not exist.",
    ),
    "wrong_station": Sentence(
        zh="这名工作人员不属于本站。", en="This staff member does not belong to this station."
    ),
    "read_only": Sentence(
        zh="督导账号只能查看，不能处置。", en="A supervisor's account can look, not act."
    ),
    "closed": Sentence(zh="这条警情已经结案。", en="This incident is already closed."),
    "done": Sentence(zh="这项任务已经完成。", en="This task is already done."),
    "held": Sentence(zh="已由工号 {holder} 在处置。", en="Staff {holder} already has it in hand."),
    "not_holder": Sentence(
        zh="只有正在处置的人可以交回。", en="Only whoever holds it can release it."
    ),
    "to_missing": Sentence(
        zh="请选择交给谁：须是这条警情已到达的站的值班人员。",
        en="Choose whom to hand it to: a worker of a station that it has reached.",
    ),
    "to_self": Sentence(zh="已经在您手上。", en="It is in your hands already."),
    "result_wrong": Sentence(
        zh="通话结果只能是：已通话、无人接听、占线、号码错误。",
        en="A call ends as spoken, no_answer, busy or wrong_number.",
    ),
    "no_home": Sentence(zh="没有登记这个住户。", en="The registry does not hold this home."),
    "severity_wrong": Sentence(
        zh="人工登记的警情只能是红色或橙色。", en="An incident opened by hand is red or orange."
    ),
    "mute_never": Sentence(
        zh="求助按钮不能静音；跌倒报警只能对单个传感器静音。",
        en="An SOS is never muted; falls only of one sensor.",
    ),
    "reason_missing": Sentence(zh="请写明原因。", en="Say why."),
    "too_long": Sentence(
        zh="时限不对：静音与外出最长 30 天，跌倒传感器 72 小时，测试 30 分钟。",
        en="Mutes and away last 30 days at most, a fall sensor's mute 72 h, test mode 30 min.",
    ),
    "visit_when": Sentence(
        zh="探访时间不能在将来，也不能早于两个月前。",
        en="A visit lies in the past, and not more than two months back.",
    ),
    "profile_wrong": Sentence(zh="没有这个设备型号。", en="There is no such device model."),
    "device_wrong": Sentence(
        zh="请填全：类型、型号、位置、上报间隔，老人或住户只填一个。",
        en="Fill in kind, model, place and interval, and either an elder or a home.",
    ),
    "gateway_unknown": Sentence(
        zh="登记册里没有这个网关，或不在您的辖区：请先登记网关。",
        en="The registry holds no such gateway in your area: register the gateway first.",
    ),
    "owner_unknown": Sentence(
        zh="您的辖区里没有这位老人或住户。", en="There is no such elder or home in your area."
    ),
    "elsewhere": Sentence(
        zh="这台设备登记在别的辖区，请联系上级。",
        en="This device is registered in another area: ask the level above.",
    ),
    "date_wrong": Sentence(
        zh="请写明一年之内的日期；加班要写起止时间，休息则都不写。",
        en="Give a date within a year; hours for extra work, none for a day off.",
    ),
    "date_taken": Sentence(zh="这一天已有这条安排。", en="That stands there already."),
    "date_kept": Sentence(
        zh="这条来自登记册，请在登记册里改。", en="This is the registry's own: change it there."
    ),
    "shift_wrong": Sentence(
        zh="请写明谁、周几、起止时间；首日和末日在一年之内，末日不早于首日。",
        en="Say who, on which weekdays, from when to when; first and last day within a year.",
    ),
    "shift_kept": Sentence(
        zh="没有这个班，或它来自登记册且尚未开始：请在登记册里改。",
        en="There is no such shift, or it is the registry's and has not begun: change it there.",
    ),
    "staff_wrong": Sentence(
        zh="请填写工号（不含空格）、姓名和角色。",
        en="Give an id without spaces, a name and a role.",
    ),
    "staff_taken": Sentence(zh="这个工号已有人用过。", en="This id has been used already."),
    "ladder_changed": Sentence(
        zh="刚才已有别的管理员改过呼叫阶梯：请先看现在的，再改。",
        en="Another administrator has changed the ladder meanwhile: look at it, then change it.",
    ),
    "unknown_subject": Sentence(zh="没有登记。", en="The registry does not hold it."),
    "at_top": Sentence(zh="已经通知到最高一级。", en="It has already reached the highest level."),
    "outcome_missing": Sentence(
        zh="结案前请选择处置结果。", en="Choose an outcome before closing."
    ),
    "reached_missing": Sentence(
        zh="红色警情结案前，请选择如何确认老人情况：已通话、已见到、已移交。",
        en="A red closes only with how the person was reached: spoken to, seen or handed over.",
    ),
}
"""By code. `{holder}` is a staff id: whoever shows it may put the name there (I10)."""


class Refused(Exception):  # noqa: N818 (a refusal is an answer, not an error)
    """The action was not done and nothing changed.

    `code` is a key of SENTENCES, `holder` the staff id of whoever stands in the way.
    """

    def __init__(self, code: str, *, holder: str | None = None) -> None:
        self.code = code
        self.holder = holder
        plain = SENTENCES[code]
        self.sentence = Sentence(
            zh=plain.zh.replace("{holder}", holder or "?"),
            en=plain.en.replace("{holder}", holder or "?"),
        )
        super().__init__(f"{code}: {self.sentence.en}")
