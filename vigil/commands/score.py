"""vigil score: how good alerts are, against the truth of a simulated run."""

from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from schemas.alerts import Alert
from schemas.registry_csv import read_folder
from schemas.times import parse_rfc3339
from simulator import truth
from simulator.score.page import render
from simulator.score.score import Score, as_json, score
from simulator.score.staffing import Model
from vigil.commands.common import fail, out, out_json
from vigil.run_note import RunNote


def score_alerts(
    *,
    alerts: Annotated[Path, typer.Option("--alerts", help="what vigil replay --out wrote")],
    truth_file: Annotated[Path, typer.Option("--truth", help="truth.jsonl of vigil simulate")],
    against: Annotated[
        Path | None, typer.Option("--against", help="another rule set's alerts, to compare with")
    ] = None,
    registry: Annotated[
        Path | None, typer.Option("--registry", help="default: registry/ beside the truth")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="RFC 3339; default: run.json beside the truth")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="RFC 3339; likewise")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="write a page with plots")] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="figures of the simulated workers, as JSON")
    ] = None,
    seed: Annotated[int, typer.Option(help="of the simulated workers")] = 1,
    as_json_: Annotated[bool, typer.Option("--json", help="everything as one object")] = False,
) -> None:
    """Sensitivity, delays, false alarms, alerts per desk and night, and whether staff keep up."""
    try:
        start, end = _period(truth_file, since, until)
        workers = Model.model_validate_json(model.read_bytes()) if model else Model()
        lines = list(truth.read(truth_file))
        directory = read_folder(registry or truth_file.parent / "registry")
        scores = [
            score(
                read_alerts(path),
                lines,
                directory,
                start=start,
                end=end,
                model=workers,
                rng=Random(seed),  # noqa: S311 (a simulation)
                name=path.stem,
            )
            for path in (alerts, against)
            if path is not None
        ]
    except (ValidationError, ValueError) as error:
        raise fail(str(error)) from None
    if html is not None:
        html.write_text(render(*scores), encoding="utf-8")
    if as_json_:
        out_json(_json(scores))
        return
    for one in scores:
        _say(one)


def read_alerts(path: Path) -> list[Alert]:
    """ValueError names the line that is no alert."""
    found = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                found.append(Alert.model_validate_json(line))
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(map(str, first["loc"]))
                raise ValueError(
                    f"{path}, line {number}: no alert ({where}: {first['msg']})"
                ) from None
    return found


def _period(truth_file: Path, since: str | None, until: str | None) -> tuple[int, int]:
    note = RunNote.beside(truth_file)
    start = parse_rfc3339(since) if since else note.start if note else None
    end = parse_rfc3339(until) if until else note.until if note else None
    if start is None or end is None:
        raise ValueError(f"no run.json beside {truth_file}: give --since and --until")
    return start, end


def _json(scores: list[Score]) -> dict[str, Any]:
    first, *others = map(as_json, scores)
    return {**first, "against": others[0]} if others else first


def _say(one: Score) -> None:
    asked, found, in_time = one.red
    out(f"{one.name}: {one.period.elders} elders, {one.period.elder_months:.1f} elder-months")
    out(f"  had to turn red: {asked}; did: {found}; in time: {in_time}")
    out(f"  false per elder-month: red {one.false_red:.4f}, staff-facing {one.false_staff:.3f}")
    for s in one.sensitivity:
        delay = f"p50 {s.delay.p50:.0f} s, p95 {s.delay.p95:.0f} s" if s.delay else "–"
        out(f"  {s.kind:<28} {s.severity:<7} {s.found:>6} of {s.expected:<6} {delay}")
    for f in one.false_alarms:
        out(f"  false {f.rule:<22} {f.severity:<7} {f.alerts:>6}  {f.per_elder_month:.4f}")
    marks = [one.staffing.answered(60), one.staffing.answered(180), one.staffing.arrived(900)]
    said = ["–" if m is None else f"{m:.1%}" for m in marks]
    out(f"  answered in 60 s {said[0]}, in 180 s {said[1]}; on site in 15 min {said[2]}")
