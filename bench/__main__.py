"""`make bench`: all of them, or those named (ARGS="decode rules")."""

import sys
import tempfile
from pathlib import Path

from bench import decode, latency, result, rules, throughput

BENCHMARKS = {
    "decode": decode.measure,
    "rules": rules.measure,
    "throughput": throughput.measure,
    "latency": latency.measure,
}


def main() -> int:
    wanted = sys.argv[1:] or list(BENCHMARKS)
    if unknown := set(wanted) - set(BENCHMARKS):
        print(f"no benchmark {unknown}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    results = []
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="vigil-bench-") as folder:
            results += BENCHMARKS[name](Path(folder))
    results = result.stamp(results)
    result.show(results)
    if set(wanted) == set(BENCHMARKS):
        result.keep(results, Path(__file__).parent / "results" / "latest.jsonl")
    return 0


if __name__ == "__main__":
    sys.exit(main())
