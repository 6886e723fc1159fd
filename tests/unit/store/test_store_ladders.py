"""The stations above each area; and alerts that nobody takes."""

import psycopg

from schemas.alerts import Category, Change, ChangeKind, Sentence, Severity, alert_id
from schemas.directory import Area, Level, Station
from store import ladders, unattended
from store.alerts import write_changes
from store.directory import import_directory
from tests.support.registry import CITY, EAST, STREET, WEST, town

NOW = 1_760_000_000_000_000


def test_every_station_above_a_place_nearest_first(connection: psycopg.Connection) -> None:
    directory = town()
    annex = Station(id="annex", name="东分站", area=EAST)
    island = Area(id="330105001009", name="岛", level=Level.COMMUNITY, parent=STREET)
    import_directory(
        connection,
        directory.model_copy(
            update={
                "areas": (*directory.areas, island),
                "stations": (*directory.stations, annex),
            }
        ),
        now=NOW,
    )
    found = ladders.load(connection)
    names = [rung.station for rung in found.of(EAST)]
    assert names == ["annex", "east", "street", "district", "city"]
    assert [rung.level for rung in found.of(WEST)] == ["community", "street", "district", "city"]
    assert [rung.station for rung in found.of(island.id)] == ["street", "district", "city"]
    assert [rung.station for rung in found.top] == ["city"]
    assert found.of("nowhere") == found.of(None) == found.top


def test_without_a_city_the_highest_is_the_top(connection: psycopg.Connection) -> None:
    directory = town()
    stations = tuple(s for s in directory.stations if s.id in ("east", "west"))
    lower = {"stations": stations, "staff": (), "duty": ()}
    import_directory(connection, directory.model_copy(update=lower), now=NOW)
    found = ladders.load(connection)
    assert [rung.station for rung in found.of(CITY)] == ["east", "west"]
    connection.execute("UPDATE station SET retired_at = now()")
    assert ladders.load(connection).of(EAST) == ()


def change(n: int, severity: Severity, *, test: bool = False) -> Change:
    return Change(
        kind=ChangeKind.RAISED,
        id=alert_id("sos", f"device:b{n}", NOW),
        rule="sos",
        category=Category.EMERGENCY,
        severity=severity,
        at=NOW,
        onset=NOW,
        reason=Sentence(zh="按", en="pressed"),
        home=f"h{n}",
        test=test,
    )


def test_red_alerts_that_wait_are_told_and_told_again(connection: psycopg.Connection) -> None:
    changes = [
        change(1, Severity.RED),
        change(2, Severity.ORANGE),
        change(3, Severity.RED, test=True),
        change(4, Severity.RED),
    ]
    write_changes(connection, changes, raised=NOW)
    connection.execute("UPDATE alert_change SET written = written - interval '11 s'")
    connection.execute("DELETE FROM alert_change WHERE lane = 'h4'")  # the stations took it
    (waiting,) = unattended.untaken(connection, after_s=10, again_s=60)
    assert (waiting.id, waiting.home) == (changes[0].id, "h1")
    assert unattended.untaken(connection, after_s=12, again_s=60) == []
    unattended.said(connection, [waiting.id])
    assert unattended.untaken(connection, after_s=10, again_s=60) == []
    assert [a.id for a in unattended.untaken(connection, after_s=10, again_s=0)] == [waiting.id]
    assert unattended.known(connection, ["0" * 32, waiting.id]) == {waiting.id}
