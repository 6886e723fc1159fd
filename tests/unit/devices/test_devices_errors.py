"""A profile with mistakes says file, line and key of all of them."""

from pathlib import Path

import pytest

from devices.catalogue import Catalogue
from devices.language.toml import ProfileError

HEAD = ["id = 'trial'", "name = 'x'", "kinds = ['mattress']", "source = 'documents'"]
HEAD += ["interval_s = 60"]


def problems(folder: Path, lines: list[str], name: str = "trial") -> list[tuple[int, str]]:
    (folder / name).mkdir()
    (folder / name / "profile.toml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        Catalogue.load(folder)
    assert all(p.file == f"{name}/profile.toml" for p in caught.value.problems)
    assert all(f"line {p.line}" in str(caught.value) for p in caught.value.problems)
    return [(p.line, p.key) for p in caught.value.problems]


MESSAGE = ["[[message]]", "topic = 't/{id}'"]  # lines 6 and 7


@pytest.mark.parametrize(
    ("lines", "line", "key"),
    [
        ([*HEAD, "colour = 'red'", *MESSAGE], 6, "colour"),
        ([*HEAD[:4], "interval_s = 0", *MESSAGE], 5, "interval_s"),
        (HEAD, 1, ""),
        ([*HEAD, "[[message]]", "", "topic = 'a+/b'"], 8, "message[0].topic"),
        ([*HEAD, "[[message]]", "topic = 'native/a/b/c'"], 7, "message[0].topic"),
        ([*HEAD, *MESSAGE, "payload = 'xml'"], 8, "message[0].payload"),
        ([*HEAD, *MESSAGE, "each = 'a..b'"], 8, "message[0].each"),
        ([*HEAD, *MESSAGE, "device = '{serial}'"], 8, "message[0].device"),
        ([*HEAD, *MESSAGE, "time.at = 't'", "time.format = 'julian'"], 9, "message[0].time.format"),
        ([*HEAD, *MESSAGE, "time = { at = 't', layout = '%Y' }"], 8, "message[0].time.layout"),
        ([*HEAD, *MESSAGE, "[message.value.pulse]", "at = 'x'"], 8, "message[0].value.pulse"),
        ([*HEAD, *MESSAGE, "[message.value.sos]", "at = 'x'"], 8, "message[0].value.sos"),
        ([*HEAD, *MESSAGE, "[message.value.battery]", "at = []"], 9, "message[0].value.battery.at"),
        (
            [*HEAD, *MESSAGE, *MESSAGE, "[message.value.battery]", "at = 'a'", "", "scal = 2"],
            13,
            "message[1].value.battery.scal",
        ),
        (
            [*HEAD, *MESSAGE, "[message.value.battery]", f"at = '{'.'.join('a' * 51)}'"],
            9,
            "message[0].value.battery.at",
        ),
        ([*HEAD, *MESSAGE, "[[message.case]]", "when = {}"], 9, "message[0].case[0].when"),
        ([*HEAD, *MESSAGE, "colour = red"], 8, ""),
    ],
)
def test_the_place_of_a_mistake(tmp_path: Path, lines: list[str], line: int, key: str) -> None:
    assert problems(tmp_path, lines) == [(line, key)]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("sos = { at = 'a', words = { x = 'press' } }", "got 'press'"),
        ("battery = { at = 'a', words = { low = 'little' } }", "battery is a number"),
        ("battery = { at = 'a', above = 1 }", "`above` makes a boolean"),
        ("tamper = { at = 'a', scale = 2 }", "is for numbers"),
        ("fall = { at = 'a' }", "needs `words`"),
        ("pulse = { at = 'a' }", "no canonical quantity"),
        ("battery = { at = '{x}' }", "no capture of the topic"),
    ],
)
def test_what_a_quantity_cannot_be(tmp_path: Path, value: str, message: str) -> None:
    (tmp_path / "trial").mkdir()
    text = "\n".join([*HEAD, *MESSAGE, f"value.{value}"])
    (tmp_path / "trial" / "profile.toml").write_text(text)
    with pytest.raises(ProfileError, match=message):
        Catalogue.load(tmp_path)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    wrong = [*HEAD, *MESSAGE, "payload = 'xml'", *MESSAGE, "each = ''", "each2 = 1"]
    assert problems(tmp_path, wrong) == [
        (8, "message[0].payload"),
        (11, "message[1].each"),
        (12, "message[1].each2"),
    ]


def test_the_id_is_the_folders_name(tmp_path: Path) -> None:
    assert problems(tmp_path, [*HEAD, *MESSAGE], name="other") == [(1, "id")]


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial" / "profile.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(ProfileError, match="save the file as UTF-8"):
        Catalogue.load(tmp_path)


def test_profiles_of_a_site_stand_beside_those_that_ship(tmp_path: Path) -> None:
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial" / "profile.toml").write_text("\n".join([*HEAD, *MESSAGE]))
    both = Catalogue.load(extra=tmp_path)
    assert {"trial", "canonical", "z2m-sos-button"} <= set(both.profiles)
    assert "t/+" in both.own_topics()
