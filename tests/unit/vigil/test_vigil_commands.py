"""Commands over a real store, as somebody would call them: duty, report, visit, registry export."""

import csv
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from tests.support import services
from tests.support.night import prepare
from tests.support.registry import DISTRICT, town
from vigil.cli import app
from vigil.embedded.postgres import Postgres


@pytest.fixture
def dsn(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with services.fresh_database(postgres.dsn) as fresh:
        prepare(fresh, town(homes=2))
        monkeypatch.setenv("VIGIL_STORE__DSN", fresh)
        yield fresh


def vigil(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_gaps_are_listed_by_station_and_nobody_has_confirmed(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("DELETE FROM duty WHERE station = 'west'")
    said = vigil("duty", "gaps", "--days", "2", "--json")
    assert said.exit_code == 0, said.output
    desks = {d["station"]: d for d in json.loads(said.output)}
    (gap,) = desks["west"]["gaps"]
    assert datetime.fromisoformat(gap["until"]) - datetime.fromisoformat(gap["from"]) == (
        timedelta(days=2)
    )
    assert (desks["east"]["gaps"], desks["east"]["planned"], desks["east"]["confirmed"]) == (
        [], ["east-1"], [],
    )  # fmt: skip
    text = vigil("duty", "gaps", "--station", "east").output
    assert "not confirmed, or out of reach: east-1" in text
    assert "no gap in the next 7 days" in text
    assert vigil("duty", "gaps", "--station", "nowhere").exit_code == 2


def test_a_report_is_written_as_csv_and_as_a_page(dsn: str, tmp_path: Path) -> None:
    for name in ("report.csv", "report.html"):
        out = ["--month", "2026-03", "--area", DISTRICT, "--out", str(tmp_path / name)]
        said = vigil("report", *out)
        assert said.exit_code == 0, said.output
    with (tmp_path / "report.csv").open(encoding="utf-8") as file:
        assert {row["area"] for row in csv.DictReader(file)} >= {DISTRICT}
    assert "月报" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--month", "2026-13", "--area", DISTRICT], "YYYY-MM"),
        (["--month", "2026-03", "--area", "nowhere"], "no area"),
        (["--month", "2026-03", "--area", DISTRICT, "--out", "x.pdf"], ".csv or .html"),
    ],
)
def test_bad_use_of_report_says_what_and_what_to_do(
    dsn: str, arguments: list[str], says: str
) -> None:
    said = vigil("report", *arguments)
    assert said.exit_code == 2
    assert says in said.output


def test_a_visit_is_put_on_record_and_nonsense_is_not(dsn: str) -> None:
    said = vigil("visit", "e1", "e2", "--staff", "east-1", "--at", "2026-03-05T10:30:00+08:00")
    assert said.exit_code == 0, said.output
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT elder, staff, at::date::text FROM visit ORDER BY 1")
        assert rows.fetchall() == [(e, "east-1", "2026-03-05") for e in ("e1", "e2")]
    for arguments, status, says in (
        (["e9", "--staff", "east-1"], 1, "e9"),
        (["e1", "--staff", "nobody"], 1, "nobody"),
        (["e1", "--staff", "east-1", "--at", "2026-03-05T10:30"], 2, "zone"),
        (["e1", "--staff", "east-1", "--at", "2999-01-01T00:00:00Z"], 2, "not happened"),
    ):
        said = vigil("visit", *arguments)
        assert (said.exit_code, says in said.output) == (status, True), said.output


def test_a_pseudonymous_registry_names_nobody_and_is_one_all_the_same(
    dsn: str, tmp_path: Path
) -> None:
    folder = tmp_path / "registry"
    assert vigil("registry", "export", str(folder), "--pseudonymous").exit_code == 0
    text = "".join(file.read_text("utf-8") for file in folder.iterdir())
    for word in ("老人", "幸福路", "女儿", "0571", "钥匙", "值班"):
        assert word not in text
    assert vigil("registry", "check", str(folder)).exit_code == 0
