"""The project keeps its own promises: import contracts, one distribution, no stray packages."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NOT_SHIPPED = {"tests", "bench"}


def top_level_packages() -> set[str]:
    return {p.parent.name for p in ROOT.glob("*/__init__.py")} - NOT_SHIPPED


def test_every_top_level_package_is_under_an_import_contract() -> None:
    linter = PYPROJECT["tool"]["importlinter"]
    governed = set()
    for contract in linter["contracts"]:
        governed |= set(contract.get("source_modules", [])) | set(contract.get("modules", []))
    # The composition root may import everything; nobody may import it.
    assert top_level_packages() - {"vigil"} == {name for name in governed if "." not in name}
    assert set(linter["root_packages"]) == top_level_packages()


def test_every_top_level_package_ships() -> None:
    shipped = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(shipped) == top_level_packages()


def test_only_the_composition_root_may_read_the_clock() -> None:
    banned = PYPROJECT["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
    assert {"time.time", "time.monotonic", "datetime.datetime.now"} <= set(banned)
    excused = {
        pattern
        for pattern, codes in PYPROJECT["tool"]["ruff"]["lint"]["per-file-ignores"].items()
        if "TID251" in codes
    }
    assert excused == {"vigil/**", "bench/**", "tests/**"}
