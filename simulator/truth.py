"""The truth of a run as JSON Lines: one incident a line, times in RFC 3339 UTC."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from schemas.alerts import Severity
from schemas.times import SECOND, format_rfc3339, parse_rfc3339
from simulator.kinds import Expected, Fault, Incident, Kind, Right


def line(incident: Incident) -> str:
    """One JSON object without a line end."""
    return json.dumps(
        {
            "kind": incident.kind,
            "home": incident.home,
            "elder": incident.elder,
            "device": incident.device,
            "area": incident.area,
            "at": format_rfc3339(incident.at),
            "ends": format_rfc3339(incident.ends),
            "known_by": _or_none(incident.known_by),
            "rule": incident.rule or None,
            "severity": incident.severity,
            "expected": [
                {"rule": e.rule, "severity": e.severity, "known_by": format_rfc3339(e.known_by)}
                for e in incident.expected
            ],
            "repeat": incident.repeat,
            "gateway": incident.gateway,
            "right": [{"rule": r.rule, "severity": r.severity} for r in incident.right],
            "tail_s": incident.tail // SECOND,
        }
    )


def _or_none(at: int | None) -> str | None:
    return None if at is None else format_rfc3339(at)


def write(path: Path, incidents: Iterable[Incident]) -> int:
    """Write them all; how many there were."""
    written = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for incident in incidents:
            file.write(line(incident) + "\n")
            written += 1
    return written


def read(path: Path) -> Iterator[Incident]:
    """Undo `write`; ValueError names the line that cannot be read."""
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            try:
                yield _incident(text)
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}, line {number}: not an incident ({error})") from error


def _kind(word: str) -> Kind | Fault:
    return Fault(word) if word in set(Fault) else Kind(word)


def _incident(text: str) -> Incident:
    said = json.loads(text)
    return Incident(
        kind=_kind(said["kind"]),
        home=said["home"],
        elder=said["elder"],
        device=said["device"],
        area=said["area"],
        at=parse_rfc3339(said["at"]),
        ends=parse_rfc3339(said["ends"]),
        expected=tuple(
            Expected(e["rule"], Severity(e["severity"]), parse_rfc3339(e["known_by"]))
            for e in said["expected"]
        ),
        repeat=said["repeat"],
        gateway=said.get("gateway"),
        right=tuple(
            Right(r["rule"], Severity(r["severity"]) if r.get("severity") else None)
            for r in said.get("right", ())
        ),
        tail=said.get("tail_s", 1_800) * SECOND,
    )
