"""A replay in shares of the areas says what one of the whole says; all forms of files agree."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rules.engine import Engine
from rules.load import load_catalogue
from schemas.alerts import Alert
from schemas.capture import Captured, format_line
from schemas.directory import Area, Directory, Level
from schemas.readings import Readings
from schemas.registry import Registry
from schemas.registry_csv import write_folder
from schemas.times import MINUTE, SECOND
from tests.support.random_fleet import make_directory, registry_of
from tests.support.random_history import History, as_readings
from tests.support.registry import EAST, WEST, town
from vigil import capture_files, columns_file
from vigil.cli import app
from vigil.replay import processes
from vigil.replay.book import AlertBook, Run
from vigil.replay.jobs import CaptureJob, Result
from vigil.replay.parts import WHOLE, Part, split
from vigil.replay.store import replay_columns

START = 1_790_000_000 * SECOND
RULES = load_catalogue()


def in_areas(directory: Directory) -> Directory:
    """Every home and every gateway in an area of its own, under one city."""
    homes = tuple(h.model_copy(update={"area": f"a-{h.id}"}) for h in directory.homes)
    gateways = tuple(g.model_copy(update={"area": f"a-{g.id}"}) for g in directory.gateways)
    below = {home.area for home in homes} | {gateway.area for gateway in gateways}
    areas = tuple(Area(id=a, name=a, level=Level.COMMUNITY, parent="a") for a in sorted(below))
    changed = {"homes": homes, "gateways": gateways, "areas": (*directory.areas, *areas)}
    return directory.model_copy(update=changed)


def judged(directory: Directory, rows: Readings, part: Part) -> list[Alert]:
    run = Run(Engine(RULES, Registry.build(Directory())), AlertBook(directory))
    batches = [rows.take(slice(at, at + 100)) for at in range(0, len(rows), 100)]
    replay_columns(batches, registry=registry_of(directory), run=run, part=part)
    return run.book.in_order()


@given(seed=st.integers(0, 2**32), parts=st.integers(2, 4))
@settings(max_examples=8, deadline=None)
def test_areas_are_independent_for_the_rules(seed: int, parts: int) -> None:
    random = Random(seed)
    directory = in_areas(make_directory(random))
    history = History(random, directory)
    registry = registry_of(directory)
    rows = as_readings([history.row() for _ in range(250)], registry, registry)
    shares = split(directory, parts)
    apart = processes.merged(judged(directory, rows, part) for part in shares)
    assert list(map(course, apart)) == list(map(course, judged(directory, rows, WHOLE)))


def course(alert: Alert) -> tuple[object, ...]:
    """What the rules promise of an alert, whatever the batches (I5)."""
    steps = [(step.severity, step.at) for step in alert.steps]
    return alert.id, alert.onset, steps, alert.cleared, alert.late, alert.test, alert.elders


def test_shares_are_even_and_whole() -> None:
    directory = town(homes=20)
    shares = split(directory, 2)
    assert len(split(directory, 8)) == 2, "two communities cannot be three shares"
    registry = Registry.build(directory)
    kept = [part.registry(registry).devices.active for part in shares]
    assert (kept[0] ^ kept[1]).all(), "every device in exactly one"
    assert kept[0].sum() == kept[1].sum()
    with pytest.raises(ValueError, match="at least one"):
        split(directory, 0)


def test_a_home_behind_gateways_of_two_areas_holds_them_together() -> None:
    directory = town(homes=4)
    radar = next(d for d in directory.devices if d.id == "r1")
    moved = radar.model_copy(update={"gateway": "g2"})
    devices = tuple(moved if d.id == "r1" else d for d in directory.devices)
    assert len(split(directory.model_copy(update={"devices": devices}), 2)) == 1


def write_capture(path: Path) -> None:
    """Two hours of four homes: in bed, a racing heart, presses without a time, some of unknown
    buttons, a gateway that falls silent, and lines that are none."""
    messages: list[Captured] = []

    def say(at: int, topic: str, content: object) -> None:
        payload = json.dumps(content).encode()
        messages.append(Captured(START + at, topic, payload, 1, retain=False))

    for n, area in ((1, EAST), (2, WEST), (3, EAST), (4, WEST)):
        base = f"vigil/v1/{area}/g{n}"
        say(0, f"{base}/status", {"online": True})
        for k in range(240):
            rate = 140 if n < 3 and 40 <= k < 70 else 66
            reading = {"seq": k, "in_bed": True, "heart_rate": rate, "respiratory_rate": 15}
            at = k * 30 * SECOND
            if n == 4 and k > 60:
                continue
            say(at, f"{base}/up/m{n}", {"ts": (START + at) // 1000, **reading})
        say(50 * MINUTE, f"{base}/up/b{n}", {"sos": "pressed"})
        say(70 * MINUTE, f"{base}/up/stranger{n}", {"sos": "pressed"})
        say(71 * MINUTE, f"{base}/up/m{n}", ["nonsense"])
    say(72 * MINUTE, "vigil/v1/x/nobody/up/b9", {"sos": "pressed"})
    messages.sort(key=lambda m: m.received)
    with capture_files.writing(path) as file:
        for number, message in enumerate(messages):
            file.write(format_line(message))
            if number % 400 == 7:
                file.write(b'{"tst": "never", "topic": 1}\n')


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_folder(town(homes=4), folder / "registry")
    write_capture(folder / "capture.jsonl")
    write_capture(folder / "capture.jsonl.zst")
    return folder


def silent(_done: float, _size: float) -> None:
    """No bar."""


def result(folder: Path, part: Part = WHOLE, name: str = "capture.jsonl") -> Result:
    return CaptureJob(folder / "registry", folder / name)(part, silent)


def test_shares_of_a_capture_say_what_the_whole_says(run_folder: Path) -> None:
    whole = result(run_folder)
    rules = {a.rule for a in whole.alerts}
    assert {"sos", "heart-rate", "gateway-silent"} <= rules
    shares = [result(run_folder, part) for part in split(town(homes=4), 2)]
    assert all(share.alerts for share in shares)
    apart = processes.merged(share.alerts for share in shares)
    assert list(map(course, apart)) == list(map(course, whole.alerts))
    assert shares[0].summary.plus(shares[1].summary) == whole.summary
    assert shares[0].problems == whole.problems
    assert len(whole.problems) > 1


def test_processes_of_their_own_say_the_same(run_folder: Path) -> None:
    alerts = []
    for number in ("1", "2"):
        out = run_folder / f"alerts{number}.jsonl"
        command = ["replay", "--registry", str(run_folder / "registry"), "--processes", number]
        command += ["--capture", str(run_folder / "capture.jsonl.zst"), "--out", str(out)]
        said = CliRunner().invoke(app, command)
        assert said.exit_code == 0, said.output
        alerts.append(out.read_text())
    assert alerts[0] == alerts[1]
    assert alerts[0].count("\n") == len(result(run_folder).alerts)


def test_a_compressed_capture_holds_the_same(run_folder: Path) -> None:
    plain, packed = run_folder / "capture.jsonl", run_folder / "capture.jsonl.zst"
    told: list[tuple[int, int]] = []
    with capture_files.reading(packed, lambda done, size: told.append((done, size))) as lines:
        assert lines.read() == plain.read_bytes()
    assert told[-1] == (packed.stat().st_size,) * 2
    assert packed.stat().st_size < plain.stat().st_size / 10
    broken = run_folder / "broken.jsonl.zst"
    broken.write_bytes(packed.read_bytes()[:-40])
    with capture_files.reading(broken) as lines:
        assert plain.read_bytes().startswith(lines.read()), "what stands before the break is read"
    with pytest.raises(FileExistsError), capture_files.writing(packed):
        pass


def write_columns(path: Path, registry: Registry, rows: Readings) -> None:
    with columns_file.writing(path, registry) as file:
        for at in range(0, len(rows), 100):
            file.write(rows.take(slice(at, at + 100)))


def random_run(seed: int) -> tuple[Directory, Registry, Readings]:
    random = Random(seed)
    directory = in_areas(make_directory(random))
    history, registry = History(random, directory), registry_of(directory)
    return directory, registry, as_readings([history.row() for _ in range(500)], registry, registry)


def test_columns_come_back_as_they_were(tmp_path: Path) -> None:
    _, registry, rows = random_run(5)
    write_columns(tmp_path / "a.columns", registry, rows)
    assert columns_file.is_columns(tmp_path / "a.columns")
    problems: list[str] = []
    found = Readings.concat(
        list(columns_file.read(tmp_path / "a.columns", registry, problems=problems))
    )
    assert found.to_bytes() == rows.to_bytes()
    assert problems == []


def test_columns_fit_a_registry_in_another_order(tmp_path: Path) -> None:
    directory, registry, rows = random_run(7)
    write_columns(tmp_path / "a.columns", registry, rows)
    turned = directory.model_copy(update={"devices": directory.devices[::-1][1:]})
    problems: list[str] = []
    other = Registry.build(turned)
    found = Readings.concat(
        list(columns_file.read(tmp_path / "a.columns", other, problems=problems))
    )
    gone = directory.devices[-1].id
    assert [other.devices.ids[d] for d in found.device if d >= 0] == [
        registry.devices.ids[d] for d in rows.device if d >= 0 and registry.devices.ids[d] != gone
    ]
    assert problems == ["1 devices of the file are not in the registry: passed over"]


def test_a_broken_file_of_columns_is_read_up_to_the_break(tmp_path: Path) -> None:
    _, registry, rows = random_run(9)
    path = tmp_path / "a.columns"
    with columns_file.writing(path, registry) as file:
        file.write(rows)
        file.flush()
        file.write(rows)
    path.write_bytes(path.read_bytes()[:-9])
    problems: list[str] = []
    found = list(columns_file.read(path, registry, problems=problems))
    assert (len(found), len(problems)) == (1, 1)
    (tmp_path / "other").write_bytes(b"{}")
    assert not columns_file.is_columns(tmp_path / "other")
    with pytest.raises(columns_file.ColumnsError, match="no columns"):
        next(columns_file.read(tmp_path / "other", registry, problems=[]))
