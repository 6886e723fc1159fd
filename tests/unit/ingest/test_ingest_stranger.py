"""Emergencies of unknown devices: what is one, what is a new one, and what ends one."""

import pytest

from devices.catalogue import Catalogue
from devices.decoded import Reading
from ingest.stranger import WINDOW, Runs, Stranger, Word, alerts, words
from schemas.alerts import Severity
from schemas.quantities import Fall, Sos
from schemas.readings import Flag
from schemas.times import MINUTE, SECOND
from store.strangers import StrangerKey

T = 1_768_000_000_000_000
HOLDS = 5 * MINUTE
PRESS, LEVEL, END = Word("sos", False, 0), Word("sos", False, HOLDS), Word("sos", True, 0)
CATALOGUE = Catalogue.load()


def stranger(at: int, word: Word = PRESS, *, test: bool = False) -> Stranger:
    return Stranger(word, T + at, "a", "g", "d", "unknown_device", test, ("e1", "e2"))


class Store:
    """Answers for the store: whether it has seen the emergency."""

    def __init__(self, *, seen: bool) -> None:
        self._seen = seen

    def __call__(self, key: StrangerKey, *, onset: int, window: int) -> bool:
        return self._seen and key.device == "d" and onset >= T and window == WINDOW


def raised(*strangers: Stranger, runs: Runs | None = None) -> list[tuple[int, Severity]]:
    changes = alerts(strangers, seen=Store(seen=False), runs=Runs({}) if runs is None else runs)
    assert len({c.id for c in changes}) == len(changes)
    assert all(c.elders == ("e1", "e2") for c in changes)
    return [(c.at - T, c.severity) for c in changes]


def onsets(*said: tuple[int, Word], runs: Runs | None = None) -> list[int]:
    return [at for at, _ in raised(*(stranger(at, word) for at, word in said), runs=runs)]


def test_presses_within_the_window_are_one() -> None:
    presses = [stranger(0), stranger(29 * SECOND), stranger(30 * SECOND)]
    assert raised(*presses) == [(0, Severity.RED), (30 * SECOND, Severity.RED)]


def test_a_level_that_merely_repeats_is_one_press_however_long() -> None:
    assert onsets(*((k * MINUTE, LEVEL) for k in range(180))) == [0]


def test_a_press_after_the_end_is_new() -> None:
    said = [
        (0, LEVEL),
        (MINUTE, LEVEL),
        (2 * MINUTE, END),
        (3 * MINUTE, LEVEL),
        (4 * MINUTE, LEVEL),
    ]
    assert onsets(*said) == [0, 3 * MINUTE]


def test_a_lost_end_does_not_hide_the_next_press() -> None:
    assert onsets((0, LEVEL), (HOLDS, LEVEL), (2 * HOLDS - 1, LEVEL)) == [0, HOLDS]


def test_an_end_of_before_ends_nothing() -> None:
    assert onsets((2 * MINUTE, LEVEL), (MINUTE, END), (3 * MINUTE, LEVEL)) == [2 * MINUTE]


def test_a_late_repetition_is_no_press_but_an_older_press_is_one() -> None:
    assert onsets((10 * MINUTE, LEVEL), (9 * MINUTE, LEVEL)) == [10 * MINUTE]
    assert onsets((10 * MINUTE, LEVEL), (0, LEVEL), (11 * MINUTE, LEVEL)) == [10 * MINUTE, 0]


def test_an_event_is_a_press_whatever_holds() -> None:
    assert onsets((0, LEVEL), (MINUTE, PRESS), (2 * MINUTE, LEVEL)) == [0, MINUTE]


def test_what_holds_is_carried_from_batch_to_batch() -> None:
    runs = Runs({})
    assert onsets((0, LEVEL), runs=runs) == [0]
    known = {key: run for key, run in runs.changed.items() if run is not None}
    runs = Runs(known)
    assert onsets((MINUTE, LEVEL), runs=runs) == []
    assert onsets((2 * MINUTE, END), runs=runs) == []
    assert list(runs.changed.values()) == [None]


def test_a_test_hides_no_real_press() -> None:
    assert raised(stranger(0, test=True), stranger(1)) == [(0, Severity.BLUE), (1, Severity.RED)]
    said = [stranger(0, LEVEL, test=True), stranger(1, LEVEL)]
    assert raised(*said) == [(0, Severity.BLUE), (1, Severity.RED)]


def test_what_the_store_has_seen_is_not_said_again() -> None:
    assert alerts([stranger(0)], seen=Store(seen=True), runs=Runs({})) == []


@pytest.mark.parametrize(
    ("values", "flags", "said"),
    [
        ({"sos": Sos.PRESSED}, 0, [Word("sos", False, 0)]),
        ({"sos": Sos.PRESSED}, Flag.SOS_LEVEL, [Word("sos", False, 300 * SECOND)]),
        ({"sos": Sos.CANCELLED}, Flag.SOS_LEVEL, [Word("sos", True, 0)]),
        ({"sos": Sos.CANCELLED}, 0, []),
        ({"sos": Sos.TEST}, 0, []),
        ({"fall": Fall.CONFIRMED}, 0, [Word("fall", False, 1_800 * SECOND)]),
        ({"fall": Fall.CONFIRMED}, Flag.FALL_EVENT, [Word("fall", False, 0)]),
        ({"fall": Fall.NONE}, 0, [Word("fall", True, 0)]),
        ({"fall": Fall.SUSPECTED}, 0, [Word("fall", True, 0)]),
        ({"fall": Fall.CONFIRMED}, Flag.HISTORY, [Word("fall", False, 0)]),
        ({"fall": Fall.CLEARED}, Flag.HISTORY, []),
        (
            {"sos": Sos.PRESSED, "fall": Fall.CONFIRMED},
            Flag.FALL_EVENT,
            [Word("sos", False, 0), Word("fall", False, 0)],
        ),
        ({"heart_rate": 60}, 0, []),
    ],
)
def test_what_a_reading_says(values: dict[str, float | int], flags: int, said: list[Word]) -> None:
    """A fall holds for three of the model's reports (vs373: ten minutes), a press for its
    `repeats_s`."""
    reading = Reading("d", None, None, values, int(flags))
    assert words(reading, CATALOGUE.profiles["milesight-vs373-lorawan"]) == said
