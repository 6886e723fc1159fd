"""Alert changes become incidents and tasks, each once and in order, by any number of copies."""

import asyncio
import json
from datetime import timedelta

import pytest

from schemas.alerts import Category, Change, ChangeKind, Severity
from schemas.times import to_micros
from schemas.wire import Card
from stations.deed import Action
from stations.intake import take
from stations.policy import Policy
from store import alerts
from tests.support.night import EAST, START, Night, later, night, raised

pytestmark = pytest.mark.anyio


def orange(rule: str = "heart-rate", **more: object) -> Change:
    return raised(rule, severity=Severity.ORANGE, category=Category.CARE, **more)  # type: ignore[arg-type]


def blue(rule: str = "battery-low", category: Category = Category.DEVICE) -> Change:
    return raised(rule, severity=Severity.BLUE, category=category)


async def test_the_alerts_of_one_home_are_one_incident(night_shift: Night) -> None:
    await night_shift.comes(raised(), orange(), raised("fall"), raised(home="h3", gateway="g3"))
    held = await night_shift.rows(
        "SELECT i.lane, i.severity, count(*) FROM incident i JOIN incident_alert a "
        "ON a.incident = i.id GROUP BY 1, 2 ORDER BY 1"
    )
    assert held == [("h1", "red", 3), ("h3", "red", 1)]


async def test_blue_and_device_alerts_are_tasks_of_the_community(night_shift: Night) -> None:
    unprotected = raised("unprotected", severity=Severity.ORANGE, category=Category.DEVICE)
    await night_shift.comes(blue(), blue("vital-trend", Category.CARE), unprotected)
    assert await night_shift.incidents() == []
    tasks = await night_shift.rows("SELECT kind, home, station FROM task ORDER BY kind")
    assert tasks == [(kind, "h1", "east") for kind in ("battery-low", "unprotected", "vital-trend")]


async def test_a_device_task_ends_when_its_alert_clears_and_a_care_task_does_not(
    night_shift: Night,
) -> None:
    battery, trend = blue(), blue("vital-trend", Category.CARE)
    await night_shift.comes(battery, trend)
    await night_shift.comes(
        later(battery, ChangeKind.CLEARED, 60), later(trend, ChangeKind.CLEARED, 60)
    )
    left = await night_shift.rows("SELECT kind FROM task WHERE done_at IS NULL")
    assert left == [("vital-trend",)]
    await night_shift.comes(later(battery, ChangeKind.REOPENED, 120))
    left = await night_shift.rows("SELECT kind FROM task WHERE done_at IS NULL ORDER BY kind")
    assert left == [("battery-low",), ("vital-trend",)]


async def test_a_blue_that_rises_is_no_task_any_more(night_shift: Night) -> None:
    trend = blue("vital-trend", Category.CARE)
    await night_shift.comes(trend)
    await night_shift.comes(later(trend, ChangeKind.SEVERITY, 60, severity=Severity.ORANGE))
    assert (await night_shift.incident()).severity == "orange"
    assert await night_shift.rows("SELECT note FROM task WHERE done_at IS NOT NULL") == [
        ("incident",)
    ]


async def test_a_change_told_twice_is_handled_once(night_shift: Night) -> None:
    assert await night_shift.comes(raised()) == 1
    assert await night_shift.comes(raised()) == 0
    assert await night_shift.pages() == [(0, ["east"])]


async def test_what_rises_after_its_incident_was_closed_opens_another(night_shift: Night) -> None:
    change = orange()
    await night_shift.comes(change)
    incident = (await night_shift.incident()).id
    await night_shift.act(incident, Action.CLOSE, EAST, outcome="false_alarm")
    await night_shift.to(480)
    await night_shift.comes(later(change, ChangeKind.SEVERITY, 480, severity=Severity.RED))
    assert [(i.state, i.severity) for i in await night_shift.incidents()] == [
        ("closed", "orange"),
        ("open", "red"),
    ]


async def test_a_test_alert_opens_a_test_incident_that_a_real_one_makes_real(
    night_shift: Night,
) -> None:
    await night_shift.comes(raised(test=True))
    await night_shift.act((await night_shift.incident()).id, Action.ACKNOWLEDGE, EAST)
    assert (await night_shift.cards("east"))[-1]["test"] is True
    await night_shift.to(5)
    await night_shift.comes(raised(at=5))
    incident = await night_shift.incident()
    assert incident.test is False
    assert incident.ladder_from == night_shift.now


async def test_a_test_among_real_ones_does_not_make_them_a_test(night_shift: Night) -> None:
    await night_shift.comes(raised(), raised("fall", test=True))
    assert (await night_shift.incident()).test is False


async def test_an_unknown_button_goes_to_the_top_and_to_its_gateways_station(
    night_shift: Night,
) -> None:
    await night_shift.comes(raised(home=None, gateway="g2"))
    assert await night_shift.pages() == [(0, ["west", "city"])]
    why = dict(await night_shift.rows("SELECT station, why FROM incident_station"))
    assert why == {"west": "ladder", "city": "no_place"}


async def test_what_has_neither_home_nor_known_gateway_goes_to_the_top(
    night_shift: Night,
) -> None:
    await night_shift.comes(raised(home=None, gateway=None), raised(home=None, gateway="foreign"))
    assert {i.lane for i in await night_shift.incidents()} == {"unknown", "foreign"}
    assert await night_shift.pages() == [(0, ["city"])] * 2


async def test_cards_carry_ids_and_figures_and_nobodys_name(night_shift: Night) -> None:
    await night_shift.comes(raised())
    await night_shift.act((await night_shift.incident()).id, Action.CALLED, EAST, note="老人1")
    await night_shift.to(60)
    payloads = await night_shift.rows("SELECT payload FROM delivery")
    for (payload,) in payloads:
        card = Card.model_validate(payload)
        assert card.home == "h1"
        assert card.elders == ["e1"]
        assert card.link == f"https://desk.example/incidents/{(await night_shift.incident()).id}"
    everything = json.dumps(payloads, ensure_ascii=False)
    personal = await night_shift.rows(
        "SELECT unnest(ARRAY[h.address, h.door_note, e.name, c.name, c.phone, s.name]) "
        "FROM home h, elder e, contact c, staff s"
    )
    words = {word for (word,) in personal if word}
    assert len(words) > 10
    assert not [word for word in words if word in everything]


async def test_each_card_of_a_station_has_a_revision_of_its_own(night_shift: Night) -> None:
    await night_shift.comes(raised())
    await night_shift.to(210)
    for station in ("east", "city"):
        revisions = [card["revision"] for card in await night_shift.cards(station)]
        assert revisions == sorted(set(revisions))


async def test_two_copies_share_a_backlog_each_change_once_and_in_order(
    night_shift: Night, town_dsn: str
) -> None:
    """Forty changes a home; what is recorded must be in the order in which they came."""
    homes = [f"h{n}" for n in range(1, 5)]
    rows = [(home, raised(f"rule-{n}", home=home, at=n)) for n in range(40) for home in homes]
    alerts.write_changes(night_shift.ingest, [c for _, c in rows], raised=to_micros(START))

    async def work(copy: Night) -> int:
        handled = 0
        while taken := await take(copy.conn, START, copy.policy):
            handled += taken
        return handled

    async with night(town_dsn, Policy()) as other:
        shares = await asyncio.gather(work(night_shift), work(other))
        # A copy that found every lane taken stops; the other may have left it something.
        left = await work(other)
    assert sum(shares) + left == len(rows)
    for home in homes:
        recorded = await night_shift.rows(
            "SELECT e.detail ->> 'rule' FROM alert_event e JOIN incident i ON i.id = e.incident "
            "WHERE i.lane = %s AND e.kind IN ('opened', 'joined') ORDER BY e.id",
            home,
        )
        assert [rule for (rule,) in recorded] == [f"rule-{n}" for n in range(40)]
    assert await night_shift.rows("SELECT count(*) FROM alert_change") == [(0,)]


async def test_a_lane_that_another_copy_holds_is_left_and_others_are_taken(
    night_shift: Night, town_dsn: str
) -> None:
    changes = [raised(), raised("fall"), raised(home="h2", gateway="g2")]
    alerts.write_changes(night_shift.ingest, changes, raised=to_micros(START))
    async with night(town_dsn, Policy()) as other, other.conn.transaction():
        await other.conn.execute(
            "SELECT FROM alert_change WHERE lane = 'h1' ORDER BY id LIMIT 1 FOR UPDATE"
        )
        assert await night_shift.intake() == 1
    assert [i.lane for i in await night_shift.incidents()] == ["h2"]
    assert await night_shift.intake() == 2


async def test_a_change_that_the_store_refuses_holds_up_its_own_home_only(
    night_shift: Night,
) -> None:
    await night_shift.conn.execute(
        "ALTER TABLE incident ADD CONSTRAINT no_h1 CHECK (lane <> 'h1') NOT VALID"
    )
    assert await night_shift.comes(raised(), raised(home="h2", gateway="g2")) == 1
    assert [i.lane for i in await night_shift.incidents()] == ["h2"]
    await night_shift.conn.execute("ALTER TABLE incident DROP CONSTRAINT no_h1")
    assert await night_shift.intake() == 0
    night_shift.now += timedelta(seconds=5)
    assert await night_shift.intake() == 1
