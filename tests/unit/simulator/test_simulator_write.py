"""A run in a folder: three parts that belong together, the same bytes every time."""

import json
import re
from pathlib import Path

import pytest

from schemas.capture import parse_line
from schemas.registry_csv import read_folder
from schemas.times import HOUR, parse_rfc3339
from simulator import capture, truth
from simulator.fleet import make_directory
from simulator.message import Message
from simulator.write import Course, Run, write_run

START = parse_rfc3339("2026-06-01T08:00:00+08:00")


def _write(out: Path, *, seed: int = 4) -> Run:
    fleet = make_directory(homes=3, seed=seed)
    return write_run(out, fleet, Course(seed, START, START + 6 * HOUR))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "new"
    _write(out)
    return out


def _bytes(folder: Path) -> dict[str, bytes]:
    files = (f for f in folder.rglob("*") if f.is_file())
    return {str(f.relative_to(folder)): f.read_bytes() for f in files}


def test_same_arguments_same_bytes_and_another_seed_others(out: Path, tmp_path: Path) -> None:
    _write(tmp_path / "again")
    assert _bytes(tmp_path / "again") == _bytes(out)
    _write(tmp_path / "other", seed=5)
    assert _bytes(tmp_path / "other")["capture.jsonl"] != _bytes(out)["capture.jsonl"]


def test_the_parts_belong_together(out: Path, tmp_path: Path) -> None:
    run = _write(tmp_path / "again")
    registry = read_folder(out / "registry")
    assert registry == make_directory(homes=3, seed=4)
    incidents = list(truth.read(out / "truth.jsonl"))
    assert incidents
    lines = (out / "capture.jsonl").read_text(encoding="utf-8").splitlines()
    assert run == (len(lines), len(incidents))
    assert 3 * 6 * 120 < len(lines) < 3 * 6 * 400


def test_lines_have_the_recorders_form(out: Path) -> None:
    times = []
    for text in (out / "capture.jsonl").read_text(encoding="utf-8").splitlines():
        said = json.loads(text)
        assert list(said) == ["tst", "topic", "qos", "retain", "payloadlen", "payload"]
        assert len(said["payload"].encode()) == said["payloadlen"]
        match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})Z(\+0800)", said["tst"])
        assert match
        times.append(parse_rfc3339(match[1] + match[2]))
    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] < START + 6 * HOUR


def test_lines_are_read_back_as_captured_messages() -> None:
    for payload in (b'{"a":"\xe4\xb8\xad \\" /"}', b"\xff\x00"):
        message = Message(START + 5, "a/b", payload, qos=1, retain=True)
        assert parse_line(capture.line(message))[:5] == tuple(message)


def test_what_is_not_text_is_kept_as_hex() -> None:
    said = json.loads(capture.line(Message(START, "a/b", b"\xff\x00", qos=0, retain=True)))
    assert said["payload_hex"] == "ff00"
    assert "payload" not in said
    assert (said["qos"], said["retain"], said["payloadlen"]) == (0, 1, 2)


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    total = round(1.2 * HOUR)
    write_run(
        tmp_path / "run",
        make_directory(homes=2, seed=1),
        Course(1, START, START + total),
        progress=lambda done, whole: seen.append((done, whole)),
    )
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) > 60
    assert seen[-1] == (total, total)


def test_nothing_is_overwritten_and_nothing_simulated_is_refused(out: Path, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="already"):
        _write(out)
    with pytest.raises(ValueError, match="nothing"):
        write_run(tmp_path, make_directory(homes=2, seed=1), Course(1, START, START))
