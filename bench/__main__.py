"""`make bench`: all of them but the soak, or those named (ARGS="decode rules soak=600")."""

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import console, decode, ingest, latency, ramp, result, rules, simulator, soak, stations

BENCHMARKS: dict[str, Callable[[Path], list[result.Result]]] = {
    "decode": decode.measure,
    "rules": rules.measure,
    "singles": ingest.singles,
    "arrays": ingest.arrays,
    "ramp": ramp.measure,
    "latency": latency.measure,
    "stations": stations.measure,
    "console": console.measure,
    "simulator": simulator.measure,
}
GROUPS = {"ingest": ["singles", "arrays", "ramp", "latency"]}
SOAK = "soak"
"""Takes minutes, and their number: `soak=600` (seconds)."""


def main() -> int:
    named = sys.argv[1:] or list(BENCHMARKS)
    wanted = [name for word in named for name in GROUPS.get(word, [word])]
    try:
        chosen = [(name, _benchmark(name)) for name in wanted]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    results = []
    for _, measure in chosen:
        with tempfile.TemporaryDirectory(prefix="vigil-bench-") as folder:
            results += measure(Path(folder))
    results = result.stamp(results)
    result.show(results)
    if set(wanted) >= set(BENCHMARKS):
        result.keep(results, Path(__file__).parent / "results" / "latest.jsonl")
    return 0


def _benchmark(name: str) -> Callable[[Path], list[result.Result]]:
    """ValueError for a name that there is not."""
    if name in BENCHMARKS:
        return BENCHMARKS[name]
    first, _, seconds = name.partition("=")
    if first == SOAK:
        return partial(soak.measure, seconds=float(seconds or soak.LENGTH_S))
    there = ", ".join([*BENCHMARKS, *GROUPS, f"{SOAK}=SECONDS"])
    raise ValueError(f"no benchmark {name!r}; there are {there}")


if __name__ == "__main__":
    sys.exit(main())
