"""Alerts: every change takes effect once, in order, and finds its station."""

from dataclasses import replace

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from schemas.alerts import Category, Change, ChangeKind, Sentence, Severity, Step, alert_id
from schemas.times import SECOND, from_micros
from store.alerts import read_alerts, stranger_seen, write_changes
from store.connect import connect
from store.directory import import_directory
from store.strangers import StrangerKey
from tests.support.directories import directory
from tests.support.proxy import Filter, Proxy

T = 1_780_000_000_000_000
RAISED = Change(
    kind=ChangeKind.RAISED,
    id=alert_id("fall", "device:M0", T),
    rule="fall",
    category=Category.EMERGENCY,
    severity=Severity.ORANGE,
    at=T,
    onset=T,
    reason=Sentence(zh="疑似跌倒", en="suspected fall"),
    home="H0",
    elder="E0",
    device="M0",
    gateway="G0",
    evidence={"for_s": 3},
)


def _then(kind: ChangeKind, at: int, severity: Severity = Severity.ORANGE) -> Change:
    said = Sentence(zh=f"第{at - T}", en=f"{kind} after {at - T}")
    evidence = {str(kind): at - T}
    return replace(RAISED, kind=kind, at=at, severity=severity, reason=said, evidence=evidence)


RED = _then(ChangeKind.SEVERITY, T + 60, Severity.RED)
CLEARED = _then(ChangeKind.CLEARED, T + 90, Severity.RED)
REOPENED = _then(ChangeKind.REOPENED, T + 120, Severity.ORANGE)
LIFE = [RAISED, RED, CLEARED, REOPENED]


def _told(connection: psycopg.Connection) -> list[tuple[str, str, str]]:
    rows = connection.execute("SELECT lane, kind, severity FROM alert_change ORDER BY id")
    return [(lane, kind, severity) for lane, kind, severity in rows]


def test_one_alert_through_its_life(connection: psycopg.Connection) -> None:
    import_directory(connection, directory(2), now=T)
    assert write_changes(connection, LIFE[:3], raised=T + 5) == [RAISED.id] * 3
    (alert,) = read_alerts(connection)
    assert (alert.severity, alert.station, alert.home) == (Severity.RED, "S-lane", "H0")
    assert (alert.onset, alert.raised) == (from_micros(T), from_micros(T + 5))
    assert alert.cleared == from_micros(CLEARED.at)
    assert alert.reason == CLEARED.reason
    assert alert.evidence == {"for_s": 3, "severity": 60, "cleared": 90}
    assert alert.steps == [
        Step(severity=Severity.ORANGE, at=from_micros(T)),
        Step(severity=Severity.RED, at=from_micros(T + 60)),
    ]
    assert write_changes(connection, LIFE[3:], raised=T + 9) == [RAISED.id]
    (alert,) = read_alerts(connection)
    assert (alert.cleared, alert.severity) == (None, Severity.ORANGE)
    assert [step.severity for step in alert.steps] == ["orange", "red", "orange"]
    assert alert.raised == from_micros(T + 5)


def test_an_alert_says_once_that_its_data_stopped_and_once_that_it_is_back(
    connection: psycopg.Connection,
) -> None:
    stale = replace(_then(ChangeKind.STALE, T + 30), evidence={"no_data_since": "then"})
    fresh = replace(_then(ChangeKind.FRESH, T + 60), evidence={"no_data_since": None})
    told = write_changes(connection, [RAISED, stale, stale, fresh, fresh], raised=T)
    assert told == [RAISED.id] * 3
    (alert,) = read_alerts(connection)
    assert (alert.severity, alert.cleared, len(alert.steps)) == (Severity.ORANGE, None, 1)
    assert (alert.reason, alert.evidence["no_data_since"]) == (fresh.reason, None)
    assert write_changes(connection, [_then(ChangeKind.CLEARED, T + 90), stale], raised=T) == [
        RAISED.id
    ]


def test_the_stations_are_told_in_order(connection: psycopg.Connection) -> None:
    write_changes(connection, LIFE, raised=T)
    assert _told(connection) == [
        ("H0", "raised", "orange"),
        ("H0", "severity", "red"),
        ("H0", "cleared", "red"),
        ("H0", "reopened", "orange"),
    ]
    events = connection.execute(
        "SELECT kind, detail ->> 'severity', detail -> 'reason' ->> 'en' FROM alert_event"
        " ORDER BY id"
    ).fetchall()
    assert events == [(c.kind, c.severity, c.reason.en) for c in LIFE]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(repeats=st.lists(st.integers(1, 3), min_size=4, max_size=4))
def test_a_change_takes_effect_once(connection: psycopg.Connection, repeats: list[int]) -> None:
    """A batch committed, its answer lost, and judged again."""
    with connection.transaction(force_rollback=True):
        for change, times in zip(LIFE, repeats, strict=True):
            effects = [write_changes(connection, [change], raised=T) for _ in range(times)]
            assert effects == [[RAISED.id]] + [[]] * (times - 1)
        assert [kind for _, kind, _ in _told(connection)] == [c.kind for c in LIFE]


def test_a_repeated_press_is_no_second_alert(connection: psycopg.Connection) -> None:
    assert write_changes(connection, [RAISED, RAISED], raised=T) == [RAISED.id]
    later = replace(RAISED, evidence={"other": 1})
    assert write_changes(connection, [later], raised=T + 100) == []
    (alert,) = read_alerts(connection)
    assert alert.evidence == {"for_s": 3}
    assert len(_told(connection)) == 1


def test_a_change_of_an_alert_that_was_lost_is_not(connection: psycopg.Connection) -> None:
    """A store put back from a backup, rules that remember more."""
    assert write_changes(connection, [RED], raised=T + 61) == [RED.id]
    (alert,) = read_alerts(connection)
    assert (alert.severity, alert.onset) == (Severity.RED, from_micros(T))
    assert _told(connection) == [("H0", "severity", "red")]


def test_a_rolled_back_change_wakes_nobody(connection: psycopg.Connection, database: str) -> None:
    with connect(database, application="listening") as listener:
        listener.execute("LISTEN vigil_alert_change")
        with connection.transaction(force_rollback=True):
            write_changes(connection, [RAISED], raised=T)
        write_changes(connection, [RAISED], raised=T)
        write_changes(connection, [RAISED], raised=T)
        listener.execute("SELECT 1")
        assert len(list(listener.notifies(timeout=0))) == 1
    assert len(_told(connection)) == 1


@pytest.mark.parametrize(
    ("home", "gateway", "station", "lane"),
    [
        ("H0", "G1", "S-lane", "H0"),  # its own community's
        ("H1", "G1", "S-quay", "H1"),  # none there: the street's
        (None, "G0", "S-lane", "G0"),  # a stranger's gateway
        (None, "nobody", None, "nobody"),
        (None, None, None, "unknown"),
    ],
)
def test_station_and_lane(
    connection: psycopg.Connection,
    home: str | None,
    gateway: str | None,
    station: str | None,
    lane: str,
) -> None:
    import_directory(connection, directory(2), now=T)
    write_changes(connection, [replace(RAISED, home=home, gateway=gateway)], raised=T)
    (alert,) = read_alerts(connection)
    assert alert.station == station
    assert [lane for lane, _, _ in _told(connection)] == [lane]


def test_a_retired_station_gets_nothing(connection: psycopg.Connection) -> None:
    import_directory(connection, directory(2), now=T)
    connection.execute("UPDATE station SET retired_at = now() WHERE id = 'S-lane'")
    write_changes(connection, [RAISED], raised=T)
    assert [alert.station for alert in read_alerts(connection)] == ["S-quay"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.text(st.characters(), min_size=1, max_size=20), number=st.floats(width=32))
def test_an_emergency_of_a_hostile_device_is_raised(
    connection: psycopg.Connection, name: str, number: float
) -> None:
    """Whatever it calls itself (I7)."""
    change = replace(
        RAISED,
        home=None,
        elder=None,
        device=None,
        gateway=name,
        reason=Sentence(zh=name, en=name) if _encodable(name) else RAISED.reason,
        evidence={"unknown_device": name, "value": np.float32(number), "list": [name, number]},
    )
    with connection.transaction(force_rollback=True):
        assert write_changes(connection, [change], raised=T) == [RAISED.id]
        key = StrangerKey("fall", name, name, test=False)
        assert stranger_seen(connection, key, onset=T + 29 * SECOND, window=30 * SECOND)
        assert len(list(read_alerts(connection))) == 1


def _encodable(text: str) -> bool:
    """Pydantic takes no lone surrogates."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


@pytest.mark.parametrize(
    ("rule", "gateway", "device", "after", "seen"),
    [
        ("sos", "g", "d", 0, True),
        ("sos", "g", "d", 30 * SECOND - 1, True),
        ("sos", "g", "d", -30 * SECOND + 1, True),
        ("sos", "g", "d", 30 * SECOND, False),
        ("sos", "g", "d", -30 * SECOND, False),
        ("fall", "g", "d", 0, False),
        ("sos", "h", "d", 0, False),
        ("sos", "g", "e", 0, False),
    ],
)
def test_a_stranger_presses_once_in_its_window(
    connection: psycopg.Connection, rule: str, gateway: str, device: str, after: int, seen: bool
) -> None:
    press = replace(RAISED, rule="sos", home=None, gateway="g", evidence={"unknown_device": "d"})
    write_changes(connection, [press], raised=T)
    key = StrangerKey(rule, gateway, device, test=False)
    assert stranger_seen(connection, key, onset=T + after, window=30 * SECOND) is seen
    key = key._replace(test=True)  # a test hides no real press, nor the other way round
    assert not stranger_seen(connection, key, onset=T + after, window=30 * SECOND)


def test_alerts_are_read_by_onset_and_rule(connection: psycopg.Connection) -> None:
    onsets = [T + n // 2 for n in range(2100)]  # more than two pages, with equal onsets
    changes = [
        replace(RAISED, id=alert_id("fall", f"device:{n}", t), onset=t, at=t, rule=f"r{n % 3}")
        for n, t in enumerate(onsets)
    ]
    write_changes(connection, changes, raised=T)
    alerts = list(read_alerts(connection))
    assert len(alerts) == len({alert.id for alert in alerts}) == 2100
    assert [alert.onset for alert in alerts] == sorted(alert.onset for alert in alerts)
    some = list(read_alerts(connection, since=T + 10, until=T + 20, rule="r1"))
    expected = {c.id for c in changes if T + 10 <= c.onset < T + 20 and c.rule == "r1"}
    assert {alert.id for alert in some} == expected


def test_nothing_to_say(connection: psycopg.Connection) -> None:
    assert write_changes(connection, [], raised=T) == []
    assert list(read_alerts(connection)) == []


class Trips(Filter):
    """Counts how often the client spoke after it had been answered."""

    def __init__(self) -> None:
        self.count, self._answered = 0, True

    def up(self, data: bytes) -> bytes:
        self.count += self._answered
        self._answered = False
        return data

    def down(self, data: bytes) -> bytes:
        self._answered = True
        return data


def test_two_trips_however_many_changes(connection: psycopg.Connection, database: str) -> None:
    import_directory(connection, directory(2), now=T)
    trips = Trips()
    with (
        Proxy(connection.info.port, filter_=lambda: trips) as proxy,
        connect(
            make_conninfo(database, host="127.0.0.1", port=proxy.port, sslmode="disable"),
            application="vigil test",
        ) as passing,
        passing.transaction(),
    ):
        before = trips.count
        assert write_changes(passing, LIFE, raised=T + 9) == [RAISED.id] * len(LIFE)
        assert trips.count - before == 2
