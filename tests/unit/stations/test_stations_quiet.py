"""Quiet without danger: mutes, test mode, away, outages; and an SOS that none of them reaches."""

from datetime import timedelta
from functools import partial
from uuid import UUID

import psycopg
import pytest

from schemas.alerts import Category, ChangeKind, Severity
from schemas.times import to_micros
from stations import quiet
from stations.deed import Action, Actor
from stations.policy import Policy
from stations.refused import Refused
from store import alerts, stations_board
from store.connect import connect
from store.directory import import_directory
from store.directory_load import load_registry
from store.stations_intake import claim
from tests.support.night import EAST, START, Night, later, night, raised
from tests.support.registry import town

pytestmark = pytest.mark.anyio

care = partial(raised, "no-activity", severity=Severity.ORANGE, category=Category.CARE)
silent = partial(raised, severity=Severity.BLUE, category=Category.DEVICE)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def mute(on: Night, *, rule: str, until: timedelta, **more: str) -> int:
    given = {"scope": "elder", "subject": "e1", "reason": "住院观察"} | more
    return await quiet.mute(on.conn, EAST, on.now, rule=rule, until=on.now + until, **given)


async def kinds(on: Night) -> list[str]:
    return [k for (k,) in await on.rows("SELECT kind FROM alert_event ORDER BY id")]


# Mutes


@pytest.mark.parametrize(
    "given",
    [
        {"scope": "elder", "subject": "e1", "rule": "no-activity"},
        {"scope": "home", "subject": "h1", "rule": "care"},
        {"scope": "device", "subject": "m1", "rule": "care"},
    ],
)
async def test_a_mute_keeps_its_own_care_alerts_quiet_and_on_record(
    night_shift: Night, given: dict[str, str]
) -> None:
    on = night_shift
    await mute(on, until=DAY, **given)
    await on.comes(care(device="m1"))
    assert await on.incidents() == []
    assert "kept_quiet" in await kinds(on)
    await on.comes(care(home="h2", gateway="g2", device="m2"))
    assert len(await on.incidents()) == 1
    await on.comes(raised(device="b1"))  # an SOS of the same home
    assert len(await on.incidents()) == 2


async def test_what_is_still_open_when_a_mute_ends_goes_its_way_then(night_shift: Night) -> None:
    on = night_shift
    await mute(on, rule="care", until=HOUR)
    open_, over = care(), care(at=10)
    await on.comes(open_, over)
    await on.comes(later(over, ChangeKind.CLEARED, 60))
    assert await on.intake() == 0
    on.now += HOUR - timedelta(seconds=1)
    assert await quiet.expire(on.conn, on.now) == 0
    on.now += timedelta(seconds=1)
    assert await quiet.expire(on.conn, on.now) == 1
    assert await quiet.expire(on.conn, on.now) == 0
    await on.intake()
    incident = await on.incident()
    assert incident.opened_at == on.now
    assert await on.rows("SELECT alert FROM incident_alert") == [(UUID(open_.id),)]


async def test_a_mute_can_be_ended_by_hand(night_shift: Night) -> None:
    on = night_shift
    made = await mute(on, rule="care", until=DAY)
    await on.comes(care())
    for _ in range(2):
        await quiet.unmute(on.conn, EAST, on.now, made)
    await on.intake()
    assert len(await on.incidents()) == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"rule": "sos", "until": HOUR}, "mute_never"),
        ({"rule": "fall", "until": HOUR}, "mute_never"),
        ({"rule": "fall", "until": 3 * DAY + HOUR, "scope": "device", "subject": "r1"}, "too_long"),
        ({"rule": "care", "until": 30 * DAY + HOUR}, "too_long"),
        ({"rule": "care", "until": -HOUR}, "too_long"),
        ({"rule": "care", "until": HOUR, "reason": " "}, "reason_missing"),
    ],
)
async def test_a_mute_beyond_the_limits_is_refused(
    night_shift: Night, given: dict[str, object], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        await mute(night_shift, **given)  # type: ignore[arg-type]
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("rule", "scope", "lasts"),
    [("sos", "device", "1 hour"), ("fall", "home", "1 hour"), ("fall", "device", "73 hours"),
     ("care", "elder", "31 days"), ("care", "elder", "-1 hour")],
)  # fmt: skip
async def test_the_store_refuses_it_too(
    night_shift: Night, rule: str, scope: str, lasts: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await night_shift.conn.execute(
            "INSERT INTO mute (scope, subject, rule, reason, author, starts, expires)"
            " VALUES (%s, 'x', %s, 'y', 'east-1', now(), now() + %s::interval)",
            (scope, rule, lasts),
        )


async def test_falls_are_muted_of_one_sensor_alone(night_shift: Night) -> None:
    on = night_shift
    await mute(on, rule="fall", until=DAY, scope="device", subject="r1")
    await on.comes(raised("fall", device="r1"))
    assert await on.incidents() == []
    await on.comes(raised("fall", home="h3", gateway="g3", device="r3"))
    assert len(await on.incidents()) == 1


# Test mode, away


async def test_presses_in_test_mode_are_labelled_and_climb_all_the_same(
    night_shift: Night,
) -> None:
    on = night_shift
    until = on.now + timedelta(minutes=30)
    await quiet.test_mode(on.conn, EAST, on.now, device="b1", until=until, reason="安装调试")
    await on.comes(raised(device="b1"))
    incident = await on.incident()
    assert (incident.test, incident.severity) == (True, "red")
    await on.to(30)
    assert [s for _, pages in await on.pages() for s in pages] == ["east", "street"]
    await on.comes(raised(device="r1", rule="fall", at=31))
    assert not (await on.incident()).test  # another device of the home: a real one
    on.now = until
    await on.comes(raised(home="h3", gateway="g3", device="b3", at=1800))
    assert not (await on.incidents())[-1].test


async def test_test_mode_lasts_half_an_hour_at_most_and_ends_by_hand(night_shift: Night) -> None:
    on = night_shift
    mode = partial(quiet.test_mode, on.conn, EAST, on.now, reason="调试")
    with pytest.raises(Refused):
        await mode(device="b1", until=on.now + timedelta(minutes=31))
    with pytest.raises(Refused) as refused:
        await mode(device="nothing", until=on.now + timedelta(minutes=5))
    assert refused.value.code == "unknown_subject"
    await mode(device="b1", until=on.now + timedelta(minutes=5))
    await quiet.end_test_mode(on.conn, EAST, on.now, "b1")
    await on.comes(raised(device="b1"))
    assert not (await on.incident()).test


async def test_away_reaches_the_rules_survives_an_import_and_ends_with_activity(
    night_shift: Night, town_dsn: str
) -> None:
    on = night_shift
    until = on.now + 7 * DAY
    await quiet.set_away(on.conn, EAST, on.now, elder="e1", until=until, reason="去女儿家")
    with connect(town_dsn, application="test") as ingest:
        import_directory(ingest, town(homes=4), now=to_micros(START))
        version, registry = load_registry(ingest)
        assert [(a.elder, a.until) for a in registry.away] == [("e1", until)]
        on.now += DAY
        await on.comes(
            raised("away-ended", severity=Severity.BLUE, category=Category.CARE, at=86400)
        )
        later_version, registry = load_registry(ingest)
        assert later_version > version
        assert [(a.elder, a.until) for a in registry.away] == [("e1", on.now)]
    assert await on.rows("SELECT kind FROM task") == [("away-ended",)]
    assert "away_ended" in await kinds(on)


# Outages


async def test_a_storm_is_one_task_of_the_district_until_its_last_silence_is_over(
    town_dsn: str,
) -> None:
    async with night(town_dsn, Policy(storm=3)) as on:
        homes = [silent("device-silent", home=f"h{n}", gateway=f"g{n}", at=n) for n in (1, 2, 3)]
        await on.comes(*homes[:2], silent("battery-low", home="h4", gateway="g4", at=9))
        assert len(await stations_board.open_tasks(on.conn, "west")) == 2
        await on.comes(homes[2])
        (outage,) = await stations_board.open_tasks(on.conn, "district")
        assert (outage.kind, outage.children) == ("outage", 3)
        assert [t.kind for t in await stations_board.open_tasks(on.conn, "west")] == ["battery-low"]
        assert await stations_board.open_tasks(on.conn, "east") == []
        await on.comes(silent("gateway-silent", home="h4", gateway="g4", at=20))
        (outage,) = await stations_board.open_tasks(on.conn, "district")
        assert outage.children == 4
        for n, change in enumerate(homes):
            await on.comes(later(change, ChangeKind.CLEARED, 100 + n))
        assert len(await stations_board.open_tasks(on.conn, "district")) == 1
        gone = silent("gateway-silent", home="h4", gateway="g4", at=20)
        await on.comes(later(gone, ChangeKind.CLEARED, 200))
        assert await stations_board.open_tasks(on.conn, "district") == []


async def test_a_press_does_not_wait_behind_an_outage(night_shift: Night) -> None:
    on = night_shift
    many = [silent("device-silent", home=None, gateway=f"x{n}", at=n) for n in range(300)]
    alerts.write_changes(
        on.ingest, [*many, raised(home="h2", gateway="g2", at=400)], raised=to_micros(on.now)
    )
    async with on.conn.transaction():
        lanes = await claim(on.conn, now=on.now, lanes=16, per_lane=64)
        assert next(iter(lanes)) == "h2"
        assert len(lanes) == 16


@pytest.mark.parametrize("muted", ["care", "fall"])
async def test_an_sos_pages_at_once_whatever_is_set(night_shift: Night, muted: str) -> None:
    """Every kind of quiet at once, on the very device, elder and home."""
    on = night_shift
    for scope, subject in (("device", "b1"), ("elder", "e1"), ("home", "h1")):
        if muted == "care" or scope == "device":
            await mute(on, rule=muted, until=DAY, scope=scope, subject=subject)
    await quiet.set_away(on.conn, EAST, on.now, elder="e1", until=on.now + DAY, reason="外出")
    await quiet.test_mode(
        on.conn, EAST, on.now, device="b1", until=on.now + timedelta(minutes=10), reason="调试"
    )
    await on.comes(raised(device="b1"))
    assert await on.pages() == [(0, ["east"])]
    incident = await on.incident()
    await on.act(incident.id, Action.ACKNOWLEDGE, Actor("east-1", "east"))
    await on.comes(raised(device="b1", at=40))
    assert len(await on.pages()) == 2
