"""Consent, copies and forgetting, on both kinds of store."""

import csv
import io

import numpy as np
import psycopg
import pytest

from schemas.directory import Directory
from schemas.readings import Readings
from schemas.times import DAY, MINUTE
from store import elder_consent, elder_erase, elder_export
from store.directory import DirectoryError, import_directory
from store.readings import write
from tests.support.columns import START
from tests.support.registry import town

NOW = START + 2 * DAY
NAME, ADDRESS, NOTE = "老人1", "幸福路1号", "摔倒后扶起"


@pytest.fixture
def lived_in(connection: psycopg.Connection) -> psycopg.Connection:
    """Two homes with an hour of readings each, an incident at each with something typed."""
    import_directory(connection, town(homes=2), now=START)
    for elder in (0, 1):
        rows = Readings.blank(60)
        rows.ts[:] = START + np.arange(60) * MINUTE
        rows.received[:] = rows.ts + 1
        rows.key[:] = np.arange(60)
        rows.device[:], rows.elder[:], rows.gateway[:] = 3 * elder, elder, elder
        rows.heart_rate[:] = 60
        write(connection, rows)
        n = elder + 1
        connection.execute(
            "WITH a AS (INSERT INTO alert (id, rule, severity, category, home, elder, onset,"
            " raised, late, test, reason, evidence, steps) VALUES (gen_random_uuid(), 'sos', 'red',"
            " 'emergency', %(home)s, %(elder)s, now(), now(), false, false, '{}', '{}', '[]')"
            " RETURNING id), i AS (INSERT INTO incident (home, lane, severity, opened_at, note)"
            " VALUES (%(home)s, %(home)s, 'red', now(), %(note)s) RETURNING id), e AS ("
            " INSERT INTO alert_event (at, incident, kind, detail) SELECT now(), id, 'close',"
            " jsonb_build_object('note', %(note)s::text, 'outcome', 'genuine') FROM i)"
            " INSERT INTO incident_alert SELECT i.id, a.id, now() FROM a, i",
            {"home": f"h{n}", "elder": f"e{n}", "note": NOTE},
        )
    return connection


def everything(connection: psycopg.Connection) -> str:
    """All text of the tables that hold words of people."""
    tables = ("elder", "home", "contact", "incident", "alert_event", "visit", "task", "away")
    rows = [connection.execute(f"SELECT * FROM {t}".encode()).fetchall() for t in tables]
    return repr(rows)


def test_a_copy_holds_all_of_one_elder_and_nothing_of_another(
    lived_in: psycopg.Connection,
) -> None:
    found = elder_export.sections(lived_in, "e1")
    assert found["elder"][0]["name"] == NAME
    assert found["home"][0]["address"] == ADDRESS
    assert found["contacts"][0]["name"] == "女儿1"
    assert [i["note"] for i in found["incidents"]] == [NOTE]
    assert "老人2" not in repr(found)
    text = b"".join(elder_export.readings(lived_in, "e1")).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 60
    assert {row["device_id"] for row in rows} == {"m1"}
    with pytest.raises(LookupError, match="e9"):
        elder_export.sections(lived_in, "e9")


def test_who_is_forgotten_leaves_no_word_and_no_measurement(lived_in: psycopg.Connection) -> None:
    done = elder_erase.erase(lived_in, "e1", now=NOW)
    assert done == (60, True)
    text = everything(lived_in)
    for word in (NAME, ADDRESS, "女儿1"):
        assert word not in text
    assert text.count(NOTE) == 2  # the other home's incident and its closing, which stay
    counts = "SELECT elder, count(*) FROM {} GROUP BY elder"
    assert lived_in.execute(counts.format("reading").encode()).fetchall() == [(1, 60)]
    assert lived_in.execute(
        b"SELECT DISTINCT elder FROM minute UNION SELECT elder FROM hour"
        b" UNION SELECT elder FROM night"
    ).fetchall() == [(1,)]
    assert lived_in.execute("SELECT count(*) FROM alert").fetchone() == (2,)
    assert elder_erase.erase(lived_in, "e1", now=NOW).readings == 0  # again: harmless
    with pytest.raises(LookupError, match="e9"):
        elder_erase.erase(lived_in, "e9", now=NOW)


def test_a_home_stays_while_somebody_else_lives_there(lived_in: psycopg.Connection) -> None:
    lived_in.execute("UPDATE elder SET home = 'h1' WHERE id = 'e2'")
    assert not elder_erase.erase(lived_in, "e1", now=NOW).home
    assert ADDRESS in everything(lived_in)


def test_an_import_does_not_bring_back_who_was_forgotten(lived_in: psycopg.Connection) -> None:
    elder_erase.erase(lived_in, "e1", now=NOW)
    with pytest.raises(DirectoryError, match="erased for good: 'e1'"):
        import_directory(lived_in, town(homes=2), now=NOW)
    rest: Directory = town(homes=2)
    without = rest.model_copy(
        update={
            "homes": rest.homes[1:],
            "elders": rest.elders[1:],
            "devices": rest.devices[3:],
            "contacts": rest.contacts[1:],
        }
    )
    import_directory(lived_in, without, now=NOW)
    assert NAME not in everything(lived_in)


def test_consent_is_given_once_withdrawn_and_given_again(lived_in: psycopg.Connection) -> None:
    assert elder_consent.missing(lived_in, scope="care") == ["e1", "e2"]
    for by in ("self", "family"):
        elder_consent.give(lived_in, "e1", given_by=by, scope="care", now=NOW)
    assert elder_consent.missing(lived_in, scope="care") == ["e2"]
    assert elder_consent.withdraw(lived_in, "e1", scope="care", now=NOW + DAY)
    assert not elder_consent.withdraw(lived_in, "e1", scope="care", now=NOW + DAY)
    elder_consent.give(lived_in, "e1", given_by="guardian", scope="care", now=NOW + 2 * DAY)
    assert lived_in.execute("SELECT given_by FROM consent ORDER BY id").fetchall() == [
        ("self",), ("guardian",),
    ]  # fmt: skip
    with pytest.raises(LookupError):
        elder_consent.give(lived_in, "e9", given_by="self", scope="care", now=NOW)
