"""docs/reference/ladder.md says what the code does."""

from pathlib import Path

from stations.deed import Action, Outcome, Reached
from stations.ladder import Ladder
from stations.route import Why
from stations.settings import StationsSettings

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "ladder.md").read_text("utf-8")


def test_every_setting_word_and_reason_stands_there() -> None:
    words = [*StationsSettings.model_fields, *Action, *Outcome, *Reached]
    words += [why for why in Why if why not in (Why.LADDER, Why.DEADLINE, Why.ESCALATED)]
    assert [word for word in words if f"`{word}`" not in PAGE] == []


def test_the_default_times_stand_there() -> None:
    ladder = Ladder()
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    for red in ladder.red.rungs:
        (row,) = [row for row in rows if row.startswith(f"| {red.level} ")]
        assert f"| {red.after_s} s |" in row
        for orange in ladder.orange.rungs:
            if orange.level == red.level:
                assert row.endswith(f"| {orange.after_s} s |")
    assert f"| the top again every {ladder.red.repeat_s} s | the top again every 1,800 s |" in PAGE
    assert f"| {ladder.red.step_s} s | 1,800 s |" in PAGE
    assert f"| {ladder.red.on_site_s} s | – |" in PAGE
    assert ladder.orange.repeat_s == ladder.orange.step_s == 1800
    assert ladder.orange.on_site_s is None
