"""What a process shows of its dealings with the store (Prometheus), on a registry passed in."""

from prometheus_client import CollectorRegistry, Counter, Gauge
from psycopg_pool import AsyncConnectionPool

from schemas.times import SECOND


class StoreMetrics:
    """Upkeep, and the pool of connections where there is one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.upkeep_failures = Counter(
            "vigil_store_upkeep_failures", "Times the upkeep met an error", registry=registry
        )
        self._upkeep = Gauge(
            "vigil_store_upkeep_timestamp_seconds",
            "When the upkeep last went through, since 1970; 0 before",
            registry=registry,
        )
        self._connections = Gauge(
            "vigil_store_connections", "Connections of the pool", ["state"], registry=registry
        )
        self._waiting = Gauge(
            "vigil_store_connection_waits", "Who waits for a connection", registry=registry
        )

    def upkeep_done(self, now: int) -> None:
        """`now`: µs UTC."""
        self._upkeep.set(now / SECOND)

    def watch(self, pool: AsyncConnectionPool) -> None:
        """Show a pool's own figures, read when somebody asks."""

        def figure(name: str) -> float:
            return pool.get_stats().get(name, 0)

        idle, every = self._connections.labels("idle"), self._connections.labels("all")
        idle.set_function(lambda: figure("pool_available"))
        every.set_function(lambda: figure("pool_size"))
        self._waiting.set_function(lambda: figure("requests_waiting"))
