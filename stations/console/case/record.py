"""An incident's story in words: what was said, who was paged and called, who did what, and when.

Pure: everything it names is given to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from stations.console.chart.figures import Edge
from stations.console.words import Words
from store.case_record import Sent
from store.stations_board import BoardIncident
from store.stations_events import Event

_TOLD = frozenset({"opened", "joined", "rose", "severity", "reopened", "stale", "raised"})
"""Kinds whose entry says the alert's own sentence."""


class Entry(NamedTuple):
    """`kind`: `alert`, `page`, `step` or `reading`. `who` in words, "" for the system itself."""

    at: datetime
    kind: str
    text: str
    who: str = ""
    note: str = ""
    severity: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """By id, for those of whom the incident speaks; an id stands for what is missing."""

    staff: Mapping[str, str]
    stations: Mapping[str, str]

    def worker(self, id_: str) -> str:
        return self.staff.get(id_, id_)

    def station(self, id_: str) -> str:
        return self.stations.get(id_, id_)


def record(
    incident: BoardIncident,
    events: Iterable[Event],
    *,
    sent: Iterable[Sent],
    edges: Mapping[str, Sequence[Edge]],
    names: Names,
    words: Words,
) -> list[Entry]:
    """The newest first. `edges`: what readings say happened, by elder id; the elder is named where
    there are several."""
    teller = _Teller(incident, names, words)
    found = [teller.event(e) for e in events]
    found += [teller.sent(s) for s in sent]
    for elder, turns in edges.items():
        name = _elder_name(incident, elder) if len(edges) > 1 else ""
        found += [Entry(e.at, "reading", words(f"case_edge.{e.what}"), who=name) for e in turns]
    order = {"alert": 0, "page": 1, "step": 2, "reading": -1}
    return sorted(found, key=lambda e: (e.at, order[e.kind]), reverse=True)


def everybody(events: Iterable[Event]) -> set[str]:
    """The ids of all workers that the events name."""
    found = {e.staff for e in events} | {e.detail.get(k) for e in events for k in ("to", "from")}
    return {id_ for id_ in found if isinstance(id_, str)}


class _Teller:
    def __init__(self, incident: BoardIncident, names: Names, words: Words) -> None:
        self._incident = incident
        self._names = names
        self._words = words
        self._reasons = {a.id: a.reason.get(words.language, a.rule) for a in incident.alerts}

    def event(self, event: Event) -> Entry:
        told = event.kind in _TOLD or event.kind in ("cleared", "fresh", "kept_quiet")
        paged = event.kind in ("paged", "unrouted", "deadline", "passed_on")
        return Entry(
            event.at,
            "alert" if told else "page" if paged else "step",
            self._text(event),
            who=self._who(event),
            note=str(event.detail.get("note") or ""),
            severity=str(event.detail.get("severity") or "") if told else "",
        )

    def sent(self, sent: Sent) -> Entry:
        to = self._names.station(sent.target)
        key = "case_record.sent" if sent.failed is None else "case_record.not_sent"
        said = self._words(key, channel=sent.channel, to=to)
        return Entry(sent.at, "page", said, note=sent.failed or "")

    def _who(self, event: Event) -> str:
        if event.staff is None:
            return ""
        who = self._names.worker(event.staff)
        return f"{who} · {self._names.station(event.station)}" if event.station else who

    def _text(self, event: Event) -> str:
        words, detail = self._words, event.detail
        plain = words.either(f"event.{event.kind}", event.kind)
        if event.kind in _TOLD:
            return _joined(words, plain, self._reasons.get(event.alert) if event.alert else None)
        if event.kind == "paged":
            return self._paged(detail)
        if event.kind == "called" and (detail.get("contact") or detail.get("result")):
            return self._called(detail)
        if event.kind == "close":
            ended = words.either(f"outcome.{detail.get('outcome')}", "")
            how = words.either(f"reached.{detail.get('reached')}", "")
            return _joined(words, plain, words("card.and").join(w for w in (ended, how) if w))
        if event.kind == "hand_over" and isinstance(detail.get("to"), str):
            return _joined(words, plain, self._names.worker(detail["to"]))
        if isinstance(detail.get("from"), str):
            return _joined(words, plain, self._from(detail["from"]))
        return plain

    def _from(self, staff: str) -> str:
        return self._words("case_record.from", name=self._names.worker(staff))

    def _paged(self, detail: Mapping[str, object]) -> str:
        words, said = self._words, []
        for page in _list(detail.get("pages")):
            name = self._names.station(str(page["station"]))
            why = words.either(f"case_why.{page['why']}", "")
            said.append(words("case_record.because", name=name, why=why) if why else name)
        again = [self._names.station(str(s)) for s in _list(detail.get("again"))]
        parts = [_joined(words, words("event.paged"), words("card.and").join(said))] if said else []
        if again:
            called = words("card.and").join(again)
            parts.append(_joined(words, words("case_record.again"), called))
        return " · ".join(parts) or words("event.paged")

    def _called(self, detail: Mapping[str, object]) -> str:
        words = self._words
        whom = callee(self._incident, str(detail.get("contact") or "")) or words(
            "case_calls.someone"
        )
        result = words.either(f"case_result.{detail.get('result')}", "")
        return _joined(words, words("case_record.call", name=whom), result)


def callee(incident: BoardIncident, contact: str) -> str:
    """Whom a call on record went to, as a person says it; "" for nobody known."""
    elder, _, priority = contact.partition(":")
    if not priority:
        return _elder_name(incident, elder)
    for known in incident.contacts:
        if (known.elder, str(known.priority)) == (elder, priority):
            return f"{known.name} {known.relation}"
    return ""


def _elder_name(incident: BoardIncident, elder: str) -> str:
    return next((e.name for e in incident.elders if e.id == elder), "")


def _joined(words: Words, first: str, more: str | None) -> str:
    return words("case_record.and_so", first=first, more=more) if more else first


def _list(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []
