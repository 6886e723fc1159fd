"""Places found together are those that each path leads to on its own."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from devices.language.paths import compile_path
from devices.language.places import Places
from devices.message import Incoming
from devices.payload import Limits

KEYS = ["a", "b", "c"]
STEPS = st.sampled_from([".a", ".b", ".c", "[0]", "[1]", "[-1]", "[a=1]", "[a=x]", "[b=1]"])
PATHS = st.builds(
    lambda first, rest: first + "".join(rest), st.sampled_from(KEYS), st.lists(STEPS, max_size=4)
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.sampled_from([0, 1, True, "x", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=12,
)
MESSAGE = Incoming(b"", 0, "", Limits())


@given(st.lists(st.lists(PATHS, min_size=1, max_size=3), min_size=1, max_size=6), VALUES)
def test_together_is_one_by_one(wanted: list[list[str]], root: Any) -> None:
    places = Places(folded=False, has_records=False)
    at = [places.at(paths) for paths in wanted]
    found = places.finder().find(root, MESSAGE, (), ())
    for place, paths in zip(at, wanted, strict=True):
        alone = (compile_path(path)(root, MESSAGE) for path in paths)
        assert found[place] == next((value for value in alone if value is not None), None)


@given(st.lists(PATHS, min_size=1, max_size=4), st.lists(VALUES, max_size=3), VALUES)
def test_what_records_share(paths: list[str], records: list[Any], shared: Any) -> None:
    root = {"a": shared, "b": records}
    places = Places(folded=False, has_records=True)
    own = [places.at([path]) for path in paths]
    of_root = [places.at([f"$.{path}"]) for path in paths]
    of_parent = [places.at([f"^.{path}"]) for path in paths]
    find, find_root, find_parent = places.finder()
    for record in records:
        found = find(record, MESSAGE, find_root(root), find_parent(shared))
        for number, path in enumerate(paths):
            follow = compile_path(path)
            assert found[own[number]] == follow(record, MESSAGE)
            assert found[of_root[number]] == follow(root, MESSAGE)
            assert found[of_parent[number]] == follow(shared, MESSAGE)
