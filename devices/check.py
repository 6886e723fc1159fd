"""The sweep over the whole catalogue, and what it holds.

A model is a folder with a profile.toml, an examples.toml that holds at least one accepting and one
rejecting example, and a README.md. All of them are checked in one go.
"""

from pathlib import Path
from typing import Any, NamedTuple

from devices.catalogue import BUILT_IN, Catalogue, profile_folders
from devices.examples import FILE, Example, load_examples, run
from devices.language.toml import Problem, ProfileError
from devices.profile import Profile

README = "README.md"


class Failure(NamedTuple):
    profile: str
    message: str

    def __str__(self) -> str:
        return f"{self.profile}: {self.message}"


def check(folder: Path | None = None) -> list[Failure]:
    """Everything that is wrong with the profiles of a folder (by default those that ship)."""
    where = folder or BUILT_IN
    if not where.is_dir():
        return [Failure(str(where), "no such folder")]
    try:
        catalogue = Catalogue.load(where)
    except ProfileError as error:
        return [_failure(problem) for problem in error.problems]
    if not catalogue.profiles:
        return [Failure(str(where), "no profile in any folder here")]
    failures = [f for p in catalogue.profiles.values() for f in _check_profile(p, catalogue)]
    return failures + _strays(where)


def _failure(problem: Problem) -> Failure:
    return Failure(problem.file.split("/")[0], str(problem))


def _check_profile(profile: Profile, catalogue: Catalogue) -> list[Failure]:
    failures = []
    readme = profile.folder / README
    if not readme.is_file() or not readme.read_text(encoding="utf-8").strip():
        failures.append(Failure(profile.id, f"{README} is missing or empty"))
    try:
        examples = load_examples(profile.folder)
    except FileNotFoundError:
        return [*failures, Failure(profile.id, f"{FILE} is missing")]
    except ProfileError as error:
        return failures + [_failure(problem) for problem in error.problems]
    return failures + _check_examples(profile, examples, catalogue)


def _check_examples(
    profile: Profile, examples: list[Example], catalogue: Catalogue
) -> list[Failure]:
    failures = []
    if not any(e.reading for e in examples):
        failures.append(Failure(profile.id, "no example gives a reading"))
    if not any(e.reject for e in examples):
        failures.append(Failure(profile.id, "no example is rejected"))
    outcomes = [(example.note, run(example, profile.id, catalogue)) for example in examples]
    return failures + [
        Failure(profile.id, f"example {note!r}: {wrong}") for note, wrong in outcomes if wrong
    ]


def _strays(where: Path) -> list[Failure]:
    """Folders with examples but no profile: a model that silently does not count."""
    known = set(profile_folders(where))
    strays = [e.parent for e in sorted(where.glob(f"*/{FILE}")) if e.parent not in known]
    return [Failure(stray.name, "no profile.toml beside the examples") for stray in strays]


def describe(folder: Path | None = None, *, extra: Path | None = None) -> list[dict[str, Any]]:
    """One plain dictionary a model: what `vigil devices list` shows."""
    return [_describe(p) for p in Catalogue.load(folder, extra=extra).profiles.values()]


def _describe(profile: Profile) -> dict[str, Any]:
    spec = profile.spec
    quantities = {
        quantity
        for message in spec.message
        for quantity in [*message.value, *message.set, *(q for c in message.case for q in c.set)]
    }
    return {
        "id": spec.id,
        "name": spec.name,
        "kinds": [kind.value for kind in spec.kinds],
        "topics": list(dict.fromkeys(topic for m in spec.message for topic in m.topic)),
        "quantities": sorted(quantities),
        "interval_s": spec.interval_s,
        "mains": spec.mains,
        "source": spec.source,
    }
