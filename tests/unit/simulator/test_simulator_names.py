"""Names that fit on a card, as people have them."""

from schemas.directory import Directory
from simulator.fleet import make_directory


def names(directory: Directory) -> set[str]:
    elders, staff = {e.name for e in directory.elders}, {s.name for s in directory.staff}
    return elders | staff | {c.name for c in directory.contacts}


def test_names_are_a_surname_and_what_follows_it() -> None:
    found = names(make_directory(homes=60, seed=1))
    assert {len(name) for name in found} <= {2, 3, 4}
    assert len({name[0] for name in found}) > 20


def test_another_fleet_has_other_people() -> None:
    one, other = (names(make_directory(homes=20, seed=seed)) for seed in (1, 2))
    assert one != other
