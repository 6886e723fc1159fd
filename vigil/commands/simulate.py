"""vigil simulate: a fleet's registry, capture and truth, in a folder."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from schemas.times import parse_rfc3339
from simulator.write import write_run
from vigil.commands.common import ProgressBar, fail, out

_START = datetime.fromisoformat("2026-01-01T00:00:00+08:00")


def simulate(
    out_dir: Annotated[Path, typer.Option("--out", help="new folder", show_default=False)],
    *,
    homes: Annotated[int, typer.Option(min=1, help="homes in the fleet")] = 200,
    days: Annotated[float, typer.Option(min=0.001, help="days of traffic")] = 1,
    seed: Annotated[int, typer.Option(help="the same seed gives the same bytes")] = 1,
    start: Annotated[str, typer.Option(help="RFC 3339, with zone")] = _START.isoformat(),
) -> None:
    """Write registry/, capture.jsonl and truth.jsonl of a simulated fleet."""
    if out_dir.exists() and any(out_dir.iterdir()):
        raise fail(f"{out_dir} is not empty: name a new folder", 2)
    try:
        begin = parse_rfc3339(start)
    except ValueError as error:
        raise fail(str(error), 2) from None
    with ProgressBar("simulating") as bar:
        write_run(out_dir, homes=homes, days=days, seed=seed, start=begin, progress=bar.update)
    out(f"written to {out_dir}")
