"""What a desk sees: its own scope, with the people, in the order of urgency."""

from uuid import uuid4

import pytest

from schemas.alerts import Category, Change, ChangeKind, Severity
from stations.deed import Action
from store import stations_board
from tests.support.night import EAST, Night, later, raised

pytestmark = pytest.mark.anyio


def orange(home: str = "h1") -> Change:
    return raised("heart-rate", home=home, severity=Severity.ORANGE, category=Category.CARE)


async def test_a_card_says_where_who_what_and_whom_to_call(night_shift: Night) -> None:
    await night_shift.comes(raised())
    await night_shift.act((await night_shift.incident()).id, Action.CALLED, EAST)
    (card,) = await stations_board.open_incidents(night_shift.conn, "east")
    assert (card.home, card.address, card.door_note) == ("h1", "幸福路1号", "钥匙在门卫")
    (elder,) = card.elders
    assert (elder.name, elder.birth_year, elder.living, elder.concerned) == (
        "老人1",
        1940,
        "lone",
        True,
    )
    assert [contact.name for contact in card.contacts] == ["女儿1"]
    assert [alert.reason["en"] for alert in card.alerts] == ["somebody asked for help"]
    assert (card.holder, card.holder_name) == ("east-1", "east值班")
    assert card.levels == ("community",)
    assert (card.climbing, card.next_level) == (False, "street")
    assert [event.kind for event in card.events] == ["called", "paged", "opened"]


async def test_red_before_orange_and_then_by_time(night_shift: Night) -> None:
    await night_shift.comes(orange("h1"))
    await night_shift.to(10)
    await night_shift.comes(raised(home="h3", gateway="g3", at=10))
    found = await stations_board.open_incidents(night_shift.conn, "east")
    assert [card.home for card in found] == ["h3", "h1"]


async def test_a_desk_sees_only_what_has_reached_it(night_shift: Night) -> None:
    await night_shift.comes(raised())
    incident = (await night_shift.incident()).id
    conn = night_shift.conn
    for station, seen in (("east", True), ("west", False), ("street", False)):
        assert bool(await stations_board.open_incidents(conn, station)) is seen
        assert (await stations_board.incident(conn, incident, station) is not None) is seen
    await night_shift.to(30)
    assert len(await stations_board.open_incidents(conn, "street")) == 1
    assert await stations_board.incident(conn, uuid4(), "east") is None


async def test_a_closed_one_leaves_the_board_and_can_still_be_looked_at(
    night_shift: Night,
) -> None:
    await night_shift.comes(raised())
    incident = (await night_shift.incident()).id
    await night_shift.act(incident, Action.CLOSE, EAST, outcome="genuine", reached="seen")
    assert await stations_board.open_incidents(night_shift.conn, "east") == []
    card = await stations_board.incident(night_shift.conn, incident, "east")
    assert card is not None
    assert (card.state, card.outcome) == ("closed", "genuine")


async def test_changed_since_gives_what_is_new_and_what_is_gone(night_shift: Night) -> None:
    await night_shift.comes(raised(), raised(home="h3", gateway="g3"))
    conn = night_shift.conn
    known = {c.id: c.revision for c in await stations_board.open_incidents(conn, "east")}
    assert await stations_board.changed_since(conn, "east", known) == ([], [])
    first, second = sorted(await night_shift.incidents(), key=lambda i: i.lane)
    await night_shift.act(first.id, Action.CALLED, EAST)
    await night_shift.act(second.id, Action.CLOSE, EAST, outcome="genuine", reached="seen")
    changed, gone = await stations_board.changed_since(conn, "east", known)
    assert [card.id for card in changed] == [first.id]
    assert gone == [second.id]


async def test_an_unknown_button_lists_the_people_whom_its_alert_names(
    night_shift: Night,
) -> None:
    await night_shift.comes(raised(home=None, gateway="g2", elders=("e2", "e4")))
    (card,) = await stations_board.open_incidents(night_shift.conn, "city")
    assert card.address is None
    assert [(e.id, e.address) for e in card.elders] == [("e2", "幸福路2号"), ("e4", "幸福路4号")]


async def test_tasks_are_apart_with_their_sentence(night_shift: Night) -> None:
    battery = raised("battery-low", severity=Severity.BLUE, category=Category.DEVICE)
    await night_shift.comes(battery)
    (task,) = await stations_board.open_tasks(night_shift.conn, "east")
    assert (task.kind, task.home, task.elder_name) == ("battery-low", "h1", "老人1")
    assert task.reason == {"zh": "有人求助", "en": "somebody asked for help"}
    assert await stations_board.open_tasks(night_shift.conn, "west") == []
    assert await stations_board.open_incidents(night_shift.conn, "east") == []
    await night_shift.comes(later(battery, ChangeKind.CLEARED, 60))
    assert await stations_board.open_tasks(night_shift.conn, "east") == []


async def test_everything_on_record_oldest_first(night_shift: Night) -> None:
    await night_shift.comes(raised())
    await night_shift.to(30)
    incident = (await night_shift.incident()).id
    kinds = [event.kind for event in await stations_board.events(night_shift.conn, incident)]
    assert kinds == ["opened", "paged", "paged"]
