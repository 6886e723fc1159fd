"""What ingest counts (Prometheus). Pass a registry of your own; nothing is global."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """One object of metrics for one ingest."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, help_: str) -> Counter:
            return Counter(f"vigil_ingest_{name}", help_, registry=registry)

        self.received = counter("messages_received", "Messages taken from the session")
        self.acknowledged = counter("messages_acknowledged", "Messages settled and acknowledged")
        self.redelivered = counter(
            "messages_redelivered", "Redeliveries of committed messages, dropped"
        )
        self.readings = counter("readings_committed", "Rows that were new and are committed")
        self.duplicates = counter("readings_duplicate", "Rows that stood in the store already")
        self.rejects = counter("rejects", "Messages or readings that could not be used")
        self.quarantined = counter("quarantined", "Readings of unknown or misplaced devices")
        self.alerts = counter("alert_changes", "Changes of alerts committed")
        self.store_failures = counter(
            "store_failures", "Transactions that failed and were repeated"
        )
        self.batch_seconds = Histogram(
            "vigil_ingest_batch_seconds",
            "From taking a batch to its commit",
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
            registry=registry,
        )

        def gauge(name: str, help_: str) -> Gauge:
            return Gauge(f"vigil_ingest_{name}", help_, registry=registry)

        self.active = gauge("active", "1 while this copy owns its partition")
        self.standby = gauge("standby", "1 while this copy waits for another one to end")
        self.listening_aside = gauge(
            "listening_aside", "1 while emergencies are listened for beside a store that is slow"
        )
        self.ahead = counter("alerts_ahead", "Emergencies told to their ladder ahead of the store")
        self.unattended = counter(
            "alerts_unattended", "Red alerts told to their ladder as no stations copy took them"
        )
        self.journal = gauge("journal", "Emergencies told ahead of the store, not yet in it")
        self.catching_up = Gauge(
            "vigil_ingest_catching_up", "1 while time stands still", registry=registry
        )
