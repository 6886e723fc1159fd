"""Counters and gauges of the stations side, on a registry that is passed in. Ids never label."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class Metrics:
    """One per process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.changes = Counter("vigil_stations_changes", "Alert changes handled", registry=registry)
        self.backlog = Gauge(
            "vigil_stations_changes_waiting", "Alert changes not handled yet", registry=registry
        )
        self.incidents = Gauge(
            "vigil_stations_incidents_open",
            "Open incidents by severity, tests apart",
            ["severity"],
            registry=registry,
        )
        self.climbs = Counter(
            "vigil_stations_climbs",
            "Timers that came due: rungs of the ladder, repetitions, limits passed",
            registry=registry,
        )
        self.sent = Counter(
            "vigil_stations_deliveries_sent", "Deliveries sent", ["channel"], registry=registry
        )
        self.failed = Counter(
            "vigil_stations_deliveries_failed",
            "Attempts to send that failed and are tried again",
            ["channel"],
            registry=registry,
        )
        self.dead = Counter(
            "vigil_stations_deliveries_given_up",
            "Deliveries that a channel refused for good, or did not take in time",
            ["channel"],
            registry=registry,
        )
        self.pending = Gauge(
            "vigil_stations_deliveries_waiting",
            "Deliveries not sent yet",
            ["channel"],
            registry=registry,
        )
        self.acks = Counter(
            "vigil_stations_acks",
            "Answers from terminals, by what came of them",
            ["result"],
            registry=registry,
        )
        self.trouble = Counter(
            "vigil_stations_loop_errors",
            "Times a loop met an error of the store or the broker and went on",
            ["loop"],
            registry=registry,
        )
        self.connected = Gauge(
            "vigil_stations_broker_connected", "1 while the broker is there", registry=registry
        )
