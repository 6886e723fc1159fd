"""What ingest counts and shows (Prometheus). Pass a registry of your own; nothing is global.

No label carries an id: what is about one gateway or device stands in the store. Every name is
explained in docs/reference/metrics.md.
"""

from collections.abc import Callable
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ingest.batch import Outcome, Work
from store.errors import Kind

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Watched(Protocol):
    """What a source shows of itself."""

    @property
    def connected(self) -> bool: ...

    @property
    def connections(self) -> int: ...

    @property
    def reading(self) -> bool: ...

    @property
    def unacknowledged(self) -> int: ...

    @property
    def queued(self) -> int: ...

    @property
    def queued_bytes(self) -> int: ...


class Metrics:
    """One object of metrics for one ingest."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._count_messages()
        self._count_what_became_of_them()
        self._count_failures()
        self._show_state()
        self.batch_seconds = self._histogram("batch_seconds", "From taking a batch to its commit")
        self.decode_seconds = self._histogram("decode_seconds", "Decoding and normalising a batch")
        self.commit_seconds = self._histogram(
            "commit_seconds", "Writing, judging and committing a batch, failures included"
        )

    def watch(self, source: Watched) -> None:
        """Show a source's own figures, read when somebody asks; a later source replaces it."""
        shown: dict[Gauge, Callable[[], float]] = {
            self.connected: lambda: source.connected,
            self.connections: lambda: source.connections,
            self.held_back: lambda: not source.reading,
            self.unacknowledged: lambda: source.unacknowledged,
            self.queued: lambda: source.queued,
            self.queued_bytes: lambda: source.queued_bytes,
        }
        for gauge, figure in shown.items():
            gauge.set_function(figure)

    def committed(self, work: Work, outcome: Outcome) -> None:
        """Count what became of a batch."""
        self.readings.inc(outcome.new)
        self.duplicates.inc(outcome.duplicates)
        self.alerts.inc(len(outcome.changes))
        only_counted = sum(work.draft.overflow.values())
        self.rejects.inc(len(work.draft.rejects) + only_counted)
        self.overflow.inc(only_counted)
        self.quarantined.inc(len(work.draft.quarantined))

    def _count_messages(self) -> None:
        self.received = self._counter("messages_received", "Messages taken from the session")
        self.acknowledged = self._counter(
            "messages_acknowledged", "Messages settled and acknowledged"
        )
        self.redelivered = self._counter(
            "messages_redelivered", "Redeliveries of committed messages, dropped"
        )

    def _count_what_became_of_them(self) -> None:
        self.readings = self._counter("readings_committed", "Rows that were new and are committed")
        self.duplicates = self._counter(
            "readings_duplicate", "Rows that stood in the store already"
        )
        self.rejects = self._counter("rejects", "Messages or readings that could not be used")
        self.overflow = self._counter(
            "rejects_only_counted", "Those of them beyond their gateway's rate: not kept"
        )
        self.quarantined = self._counter("quarantined", "Readings of unknown or misplaced devices")
        self.alerts = self._counter("alert_changes", "Changes of alerts committed")
        self.ahead = self._counter(
            "alerts_ahead", "Emergencies told to their ladder ahead of the store"
        )
        self.unattended = self._counter(
            "alerts_unattended", "Red alerts told to their ladder as no stations copy took them"
        )

    def _count_failures(self) -> None:
        self.store_failures = Counter(
            "vigil_ingest_store_failures",
            "Transactions that failed, by what can be done about it",
            ["kind"],
            registry=self._registry,
        )
        for kind in Kind:
            self.store_failures.labels(kind.value)
        self.refused = self._counter(
            "store_refused", "Messages that the store refused, found by halves and put aside"
        )

    def _show_state(self) -> None:
        self.active = self._gauge("active", "1 while this copy owns its partition")
        self.standby = self._gauge("standby", "1 while this copy waits for another one to end")
        self.connected = self._gauge("broker_connected", "1 while the broker is there")
        self.connections = self._gauge("broker_connections", "Times the broker accepted us")
        self.held_back = self._gauge("held_back", "1 while the queue is full and nothing is read")
        self.unacknowledged = self._gauge(
            "unacknowledged", "Messages on hand that the broker waits to hear of"
        )
        self.queued = self._gauge("queue_messages", "Messages waiting to be taken")
        self.queued_bytes = self._gauge("queue_bytes", "Their payload")
        self.catching_up = self._gauge("catching_up", "1 while time stands still")
        self.lag = self._gauge("lag_seconds", "Age of the last message when it was committed")
        self.snapshot_bytes = self._gauge("snapshot_bytes", "Size of the rules' last snapshot")
        self.listening_aside = self._gauge(
            "listening_aside", "1 while emergencies are listened for beside a store that is slow"
        )
        self.journal = self._gauge("journal", "Emergencies told ahead of the store, not yet in it")

    def _counter(self, name: str, help_: str) -> Counter:
        return Counter(f"vigil_ingest_{name}", help_, registry=self._registry)

    def _gauge(self, name: str, help_: str) -> Gauge:
        return Gauge(f"vigil_ingest_{name}", help_, registry=self._registry)

    def _histogram(self, name: str, help_: str) -> Histogram:
        full = f"vigil_ingest_{name}"
        return Histogram(full, help_, buckets=_SECONDS, registry=self._registry)
