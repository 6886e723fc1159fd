"""Alerts of two catalogues, compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

from rules.diff import compare
from schemas.alerts import Alert, Category, Sentence, Severity, Step, alert_id
from schemas.times import to_micros

START = datetime(2026, 1, 31, tzinfo=UTC)
WORDS = Sentence(zh="-", en="-")


def alert(
    minute: float, *severities: str, elder: str = "e1", rule: str = "pulse", cleared: float = 0
) -> Alert:
    """Raised at a minute, rising every minute; `cleared`: minutes after the onset, 0 never."""
    onset = START + timedelta(minutes=minute)
    steps = [
        Step(severity=Severity(s), at=onset + timedelta(minutes=n))
        for n, s in enumerate(severities or ("orange",))
    ]
    return Alert(
        id=alert_id(rule, f"elder:{elder}", to_micros(onset)),
        rule=rule,
        severity=steps[-1].severity,
        category=Category.CARE,
        elder=elder,
        onset=onset,
        raised=onset,
        cleared=onset + timedelta(minutes=cleared) if cleared else None,
        reason=WORDS,
        steps=steps,
    )


def test_what_is_the_same_is_only_counted() -> None:
    found = compare([alert(0), alert(90)], [alert(90), alert(0)])
    assert found.keys() == {"pulse"}
    one = found["pulse"]
    assert (one.same, one.added, one.lost, one.moved) == (2, [], [], [])
    assert (one.old, one.new) == (2, 2)


def test_another_onset_severity_or_clearing_is_a_move() -> None:
    old = [alert(0), alert(100), alert(200, cleared=5)]
    new = [alert(3), alert(100, "orange", "red"), alert(200, cleared=6)]
    one = compare(old, new)["pulse"]
    assert one.moved == list(zip(old, new, strict=True))
    assert (one.same, one.added, one.lost) == (0, [], [])


def test_the_nearest_are_one_alert_and_the_rest_is_added_or_lost() -> None:
    old, new = [alert(0), alert(60)], [alert(58)]
    for order in permutations(old):
        one = compare(order, new)["pulse"]
        assert one.moved == [(alert(60), alert(58))]
        assert one.lost == [alert(0)]
    back = compare(new, old)["pulse"]
    assert (back.moved, back.added) == ([(alert(58), alert(60))], [alert(0)])


def test_neither_another_elder_nor_another_rule_nor_half_a_day_later() -> None:
    found = compare([alert(0)], [alert(0, elder="e2"), alert(0, rule="breath"), alert(721)])
    assert [a.elder for a in found["pulse"].added] == ["e2", "e1"]
    assert found["pulse"].lost == [alert(0)]
    assert found["breath"].added == [alert(0, rule="breath")]
    assert found["breath"].old == 0
