"""vigil rules list|check|explain|diff."""

from pathlib import Path
from typing import Annotated

import typer

from rules.check import check
from rules.diff import RuleDifference, compare, subject
from rules.engine import Engine
from rules.explain import Explanation, explain
from rules.load import load_catalogue
from schemas.alerts import Alert
from schemas.directory import Directory
from schemas.registry import Registry
from schemas.times import format_rfc3339, to_micros
from vigil.commands.common import fail, out, out_json
from vigil.commands.replay import judge_capture

app = typer.Typer(help="The catalogue of rules.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="JSON instead of text")]
Folder = Annotated[Path | None, typer.Argument(help="another catalogue's folder")]
Rules = Annotated[Path | None, typer.Option("--rules", help="another catalogue's folder")]


@app.command("list")
def list_rules(*, json: Json = False) -> None:
    """The rules that judge readings."""
    found = load_catalogue()
    if json:
        out_json([{"id": r.id, "category": r.category} for r in found])
        return
    for rule in found:
        out(f"{rule.id:20} {rule.category}")


@app.command("check")
def check_catalogue(folder: Folder = None) -> None:
    """Check every rule and run every data test."""
    failures = check(folder)
    for failure in failures:
        out(str(failure))
    if failures:
        raise fail(f"{len(failures)} problems in the rule catalogue")
    out(f"{len(load_catalogue(folder))} rules in order")


@app.command("explain")
def explain_rule(
    rule: Annotated[str, typer.Argument(help="its id, or all")],
    *,
    language: Annotated[str, typer.Option("--language", help="zh, en or both")] = "both",
    rules: Rules = None,
    json: Json = False,
) -> None:
    """Say in words what a rule does: what it judges, raises and clears, with its figures."""
    known = {one.id: one for one in load_catalogue(rules)}
    if rule != "all" and rule not in known:
        raise fail(f"no rule {rule!r}; there are {', '.join(known)}", 2)
    if language not in ("zh", "en", "both"):
        raise fail(f"--language is zh, en or both, not {language!r}", 2)
    told = [explain(one) for one in known.values() if rule in ("all", one.id)]
    if json:
        out_json([_explained(one) for one in told])
        return
    pages = [one.told(way) for one in told for way in ("zh", "en") if language in (way, "both")]
    out("\n\n".join(pages))


def _explained(one: Explanation) -> dict[str, object]:
    return {
        "id": one.id,
        "title": one.title._asdict(),
        "category": one.category._asdict(),
        "sections": [
            {
                "block": section.block or None,
                "head": section.head._asdict(),
                "lines": [line._asdict() for line in section.lines],
            }
            for section in one.sections
        ],
    }


@app.command("diff")
def diff(
    old: Annotated[Path, typer.Argument(help="folder of one catalogue")],
    new: Annotated[Path, typer.Argument(help="folder of the other")],
    *,
    registry: Annotated[Path, typer.Option("--registry", help="folder of CSV files")],
    capture: Annotated[Path, typer.Option("--capture", help="JSON Lines")],
    json: Json = False,
) -> None:
    """Judge a capture by two catalogues: alerts that the new one adds, loses and moves."""
    judges = [Engine(load_catalogue(folder), Registry.build(Directory())) for folder in (old, new)]
    before, after = judge_capture(registry, capture, judges)
    found = compare(before, after)
    if json:
        out_json({rule: _difference(one) for rule, one in found.items()})
        return
    out(f"{'rule':20}{'old':>8}{'new':>8}{'same':>8}{'added':>8}{'lost':>8}{'moved':>8}")
    for rule, one in found.items():
        figures = (one.old, one.new, one.same, len(one.added), len(one.lost), len(one.moved))
        out(f"{rule:20}" + "".join(f"{figure:8}" for figure in figures))
    for one in found.values():
        _tell(one)


def _tell(one: RuleDifference) -> None:
    for alert in one.added:
        out(f"added  {_shown(alert)}")
    for alert in one.lost:
        out(f"lost   {_shown(alert)}")
    for before, after in one.moved:
        out(f"moved  {_shown(before)} -> {_course(after)}")


def _shown(alert: Alert) -> str:
    kind, who = subject(alert)
    return f"{alert.rule} {kind}:{who} {_course(alert)}"


def _course(alert: Alert) -> str:
    steps = ", ".join(f"{s.severity} {format_rfc3339(to_micros(s.at))}" for s in alert.steps)
    if alert.cleared is None:
        return steps
    return f"{steps}, cleared {format_rfc3339(to_micros(alert.cleared))}"


def _difference(one: RuleDifference) -> dict[str, object]:
    return {
        "old": one.old,
        "new": one.new,
        "same": one.same,
        "added": [alert.model_dump(mode="json") for alert in one.added],
        "lost": [alert.model_dump(mode="json") for alert in one.lost],
        "moved": [
            {"old": before.model_dump(mode="json"), "new": after.model_dump(mode="json")}
            for before, after in one.moved
        ],
    }
