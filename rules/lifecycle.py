"""The life of alerts: raised, rising in severity, cleared, and rejoined.

A ledger keeps one open alert at most for each subject of an alert block. Whoever writes to it
says event times; ids, rejoining and the shape of a change are decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from rules.columns import Column, Table
from rules.groups import indices
from rules.limits import REJOIN
from rules.rule import Rule
from rules.sentence import Figures, say
from rules.sentence import Words as AnyWords
from rules.sparse import Sparse
from schemas.alerts import (
    Change,
    ChangeKind,
    Sentence,
    Severity,
    SubjectKind,
    alert_id,
    subject_name,
)
from schemas.directory import DEFAULT_ZONE
from schemas.times import NEVER, format_rfc3339, from_micros

Array = NDArray[Any]
Int64 = NDArray[np.int64]

SEVERITIES = tuple(Severity)
_KINDS = (ChangeKind.SEVERITY, ChangeKind.REOPENED, ChangeKind.RAISED)


@dataclass(slots=True)
class Telling:
    """How one change is told."""

    words: AnyWords
    figures: Figures = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    late: bool = False


class Outbox:
    """Collects the changes of a call, in the order they were decided."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._kept: list[Change] = []
        self._handed = False

    def take(self) -> list[Change]:
        """What was decided since the last call; what is kept comes first, once."""
        changes, self.changes = self.changes, []
        kept = [] if self._handed else self._kept
        self._handed = True
        return [*kept, *changes] if kept else changes

    def keep(self) -> None:
        """What was decided so far stands by itself: it is handed out until that is committed."""
        self._kept += self.changes
        self.changes = []

    def commit(self) -> None:
        if self._handed:
            self._kept = []
        self._handed = False

    def rollback(self) -> None:
        self.changes = []
        self._handed = False


class Teller:
    """Makes changes of one rule about one kind of subject."""

    def __init__(self, rule: Rule, kind: SubjectKind, *, table: Table, outbox: Outbox) -> None:
        self.rule = rule
        self.kind: SubjectKind = kind
        self.ledgers: list[Ledger] = []
        self._latest = table.sparse(f"{rule.id}/latest_onset", np.int64, NEVER)
        self.ids: Callable[[int], str] = str
        self.zone: Callable[[int], str] = lambda _: DEFAULT_ZONE
        self.fields: Callable[[int], dict[str, Any]] = lambda _: {}
        self._outbox = outbox

    def onset(self, row: int, at: int) -> int:
        """The same as `onsets` for one subject."""
        return int(self.onsets(np.array([row]), np.array([at]))[0])

    def onsets(self, rows: Array, at: Int64) -> Int64:
        """`at`, or the next µs where the subject's latest alert has that onset already: two
        alerts of one moment (a press and a test) must not share an id."""
        onsets = at + (self._latest[rows] == at)
        self._latest.put(rows, onsets)
        return np.asarray(onsets)

    def tell(
        self,
        kind: ChangeKind,
        row: int,
        telling: Telling,
        *,
        at: int,
        onset: int,
        severity: Severity,
        test: bool = False,
    ) -> None:
        id_ = self.ids(row)
        figures: Figures = {"subject": id_, **telling.figures}
        self._outbox.changes.append(
            Change(
                kind=kind,
                id=alert_id(self.rule.id, subject_name(self.kind, id_), onset),
                rule=self.rule.id,
                category=self.rule.category,
                severity=severity,
                at=at,
                onset=onset,
                reason=say(telling.words, figures),
                late=telling.late,
                test=test,
                evidence=telling.evidence,
                **self.fields(row),
            )
        )


class Ledger:
    """Columns: `rank` of the open alert (0 none), its `onset`, `since` (the last change's event
    time), when the latest one was `cleared`, and `quiet` (1 while the open one's data is stale)."""

    def __init__(self, table: Table, prefix: str, teller: Teller) -> None:
        self.rank: Column = table.column(f"{prefix}/alert.rank", np.int8, 0)
        self.onset: Sparse = table.sparse(f"{prefix}/alert.onset", np.int64, NEVER)
        self.since: Sparse = table.sparse(f"{prefix}/alert.since", np.int64, NEVER)
        self.cleared: Sparse = table.sparse(f"{prefix}/alert.cleared", np.int64, NEVER)
        self.quiet: Sparse = table.sparse(f"{prefix}/alert.quiet", np.int8, 0)
        self.teller = teller
        teller.ledgers.append(self)

    def reach(self, row: int, at: int, severity: Severity, telling: Telling) -> None:
        """Raise, reopen, or let rise to `severity`; an alert never sinks while open."""
        self.reach_all(np.array([row]), np.array([at]), [(severity, telling)])

    def reach_all(self, rows: Array, at: Int64, what: Sequence[tuple[Severity, Telling]]) -> None:
        """The same for many, none twice: a whole city may fall silent at once."""
        wanted = np.array([severity.rank for severity, _ in what], np.int8)
        rank = self.rank[rows]
        few = indices(wanted > rank)
        rows, at, wanted, rank = rows[few], at[few], wanted[few], rank[few]
        again = (rank == 0) & (self.cleared[rows] >= at - REJOIN)
        new = indices((rank == 0) & ~again)
        at[new] = self.teller.onsets(rows[new], at[new])
        self.onset.put(rows[new], at[new])
        self.rank.put(rows, wanted)
        self.since.put(rows, at)
        kinds = np.where(rank > 0, 0, np.where(again, 1, 2)).tolist()
        onsets, moments = self.onset[rows].tolist(), at.tolist()
        for index, row in enumerate(rows.tolist()):
            severity, telling = what[few[index]]
            self.teller.tell(
                _KINDS[kinds[index]],
                row,
                telling,
                at=moments[index],
                onset=onsets[index],
                severity=severity,
            )

    def clear(self, row: int, at: int, telling: Telling) -> None:
        """Clear what is open."""
        rank = int(self.rank[row])
        if not rank:
            return
        self.rank.put(row, 0)
        self.quiet.put(row, 0)
        self.cleared.put(row, at)
        onset, severity = int(self.onset[row]), SEVERITIES[rank - 1]
        self.teller.tell(ChangeKind.CLEARED, row, telling, at=at, onset=onset, severity=severity)

    def stale(self, row: int, at: int, since: int) -> None:
        """Mark what is open: its data stopped at `since`."""
        if not self.rank[row] or self.quiet[row]:
            return
        self.quiet.put(row, 1)
        when = format_rfc3339(since)
        local = from_micros(since).astimezone(ZoneInfo(self.teller.zone(row)))
        title, shown = self.teller.rule.title, f"{local:%m-%d %H:%M}"
        words = Sentence(
            zh=f"{title.zh}：未解除，自 {shown} 起无数据",
            en=f"{title.en}: still open, no data since {shown}",
        )
        self._mark(ChangeKind.STALE, row, at, words, {"no_data_since": when})

    def fresh(self, row: int, at: int) -> None:
        """Take the mark off: data came at `at`."""
        if not self.quiet[row]:
            return
        self.quiet.put(row, 0)
        title = self.teller.rule.title
        words = Sentence(
            zh=f"{title.zh}：未解除，数据已恢复", en=f"{title.en}: still open, data is back"
        )
        self._mark(ChangeKind.FRESH, row, at, words, {"no_data_since": None})

    def _mark(
        self, kind: ChangeKind, row: int, at: int, words: Sentence, evidence: dict[str, Any]
    ) -> None:
        severity, onset = SEVERITIES[int(self.rank[row]) - 1], int(self.onset[row])
        telling = Telling(words, {}, evidence)
        self.teller.tell(kind, row, telling, at=at, onset=onset, severity=severity)
