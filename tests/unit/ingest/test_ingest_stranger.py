"""Emergencies of unknown devices: one alert a window, and a test hides no real press."""

from ingest.stranger import LEVEL_WINDOW, WINDOW, Stranger, alerts
from schemas.alerts import Severity
from schemas.times import SECOND
from store.alerts import StrangerKey

T = 1_768_000_000_000_000


def stranger(at: int, *, test: bool = False, window: int = WINDOW) -> Stranger:
    return Stranger("sos", T + at, "a", "g", "d", "unknown_device", test, ("e1", "e2"), window)


class Store:
    """Answers for the store: whether it has seen the emergency."""

    def __init__(self, *, seen: bool) -> None:
        self._seen = seen

    def __call__(self, key: StrangerKey, *, onset: int, window: int) -> bool:
        return self._seen and key.device == "d" and onset >= T and window > 0


def raised(*strangers: Stranger) -> list[tuple[int, Severity]]:
    changes = alerts(strangers, seen=Store(seen=False))
    assert len({c.id for c in changes}) == len(changes)
    assert all(c.elders == ("e1", "e2") for c in changes)
    return [(c.at - T, c.severity) for c in changes]


def test_presses_within_the_window_are_one() -> None:
    presses = [stranger(0), stranger(29 * SECOND), stranger(30 * SECOND)]
    assert raised(*presses) == [(0, Severity.RED), (30 * SECOND, Severity.RED)]


def test_a_repeated_level_is_one_for_longer() -> None:
    said = [stranger(k * 60 * SECOND, window=LEVEL_WINDOW) for k in range(7)]
    assert [at for at, _ in raised(*said)] == [0, 300 * SECOND]


def test_a_test_hides_no_real_press() -> None:
    assert raised(stranger(0, test=True), stranger(1)) == [(0, Severity.BLUE), (1, Severity.RED)]


def test_what_the_store_has_seen_is_not_said_again() -> None:
    assert alerts([stranger(0)], seen=Store(seen=True)) == []
