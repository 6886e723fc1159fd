"""The store: is it there, up to date, safe against a power cut, and has it room for us."""

from collections.abc import Iterator

import psycopg
from pydantic import ValidationError

from schemas.times import DAY, SECOND
from stations.ladder import Ladder
from store import clocks, directory, stations_ladder
from store.connect import connect
from store.health import Health, examine
from store.migrate import check, flavour
from vigil.clock import SystemClock
from vigil.doctor.finding import Finding, Level, bad, ok, warning
from vigil.settings import Settings

_OLDEST = 150000  # PostgreSQL 15
_SKEW = 2 * SECOND
_OWN = 4  # connections of an ingest and of the commands, beside those of stations


def store(settings: Settings, clock: SystemClock) -> Iterator[Finding]:
    try:
        connection = connect(settings.store.dsn, application="vigil doctor")
    except psycopg.OperationalError as error:
        yield bad("store", str(error).strip(), do="set VIGIL_STORE__DSN")
        return
    with connection:
        kind = flavour(connection) or "not yet migrated"
        yield ok("store", f"answers ({kind})")
        if pending := check(connection):
            yield bad("migrations", "; ".join(pending), do="run `vigil migrate`")
            return
        yield ok("migrations", "up to date")
        before = clock.now()
        health = examine(connection)
        yield from _health(health, settings, ours=(before + clock.now()) // 2)
        yield _registry(connection)
        yield _ladder(connection)
        yield _device_clocks(connection, clock.now())


def _health(health: Health, settings: Settings, *, ours: int) -> Iterator[Finding]:
    yield _version(health)
    yield _safety(health)
    yield _clock(health.clock - ours)
    yield _connections(health.connections, settings.stations.connections + _OWN)
    yield _upkeep(health)


def _version(health: Health) -> Finding:
    number = f"{health.version // 10_000}.{health.version % 10_000}"
    extension = f", TimescaleDB {health.timescaledb}" if health.timescaledb else ""
    said = f"PostgreSQL {number}{extension}"
    if health.version < _OLDEST:
        return bad("store version", said, do="use PostgreSQL 15 or newer")
    return ok("store version", said)


def _safety(health: Health) -> Finding:
    """A commit is what lets us acknowledge: it must not be undone by a power cut."""
    wrong = [name for name, value in health.settings.items() if value == "off"]
    if not wrong:
        return ok("durability", "a commit is on disk before it is acknowledged")
    return bad(
        "durability",
        f"{', '.join(wrong)} off",
        why="a power cut can lose messages that were acknowledged to their gateways",
        do="; ".join(f"ALTER SYSTEM SET {name} = on" for name in wrong)
        + "; SELECT pg_reload_conf(); and look for it in ALTER ROLE or ALTER DATABASE",
    )


def _clock(ahead: int) -> Finding:
    said = f"{ahead / SECOND:+.1f} s against ours"
    if abs(ahead) <= _SKEW:
        return ok("store clock", said)
    return bad(
        "store clock",
        said,
        why="readings are judged by ingest's clock, and pages climb by the store's",
        do="run a time service (chrony, systemd-timesyncd) on both machines and on the broker's",
    )


def _connections(free: int, wanted: int) -> Finding:
    if free >= wanted:
        return ok("connections", f"{free} free, {wanted} wanted")
    return warning(
        "connections",
        f"{free} free, {wanted} wanted",
        why="ingest or stations may have to wait for one",
        do="ALTER SYSTEM SET max_connections to more and restart, or end who holds them",
    )


def _upkeep(health: Health) -> Finding:
    if not health.retention:
        return warning(
            "upkeep",
            "nothing drops old readings",
            why="the disk fills",
            do="run `vigil migrate`",
        )
    if not health.tomorrow:
        return warning(
            "upkeep",
            "no partition for tomorrow's readings yet",
            why="its first batch has to wait for it",
            do="run `vigil stations`, which looks after the store, or `vigil maintain`",
        )
    return ok("upkeep", "tomorrow has its place, and old readings go")


def _registry(connection: psycopg.Connection) -> Finding:
    _, registry = directory.load_registry(connection)
    elders, devices = int(registry.elders.active.sum()), int(registry.devices.active.sum())
    if not devices:
        return bad("registry", "no devices", do="run `vigil registry import DIR`")
    return ok("registry", f"{elders} elders, {devices} devices")


def _ladder(connection: psycopg.Connection) -> Finding:
    """Whom a page goes to and when: what an administrator has set goes before the settings."""
    change = stations_ladder.newest_now(connection)
    if change is None or change.ladder is None:
        return ok("ladder", "as the settings say")
    said = f"version {change.version}, set in the console by {change.staff} on {change.at:%Y-%m-%d}"
    try:
        Ladder.model_validate(change.ladder)
    except ValidationError as error:
        return bad(
            "ladder",
            f"{said}, cannot be read ({error.error_count()} errors)",
            why="pages go by the settings' ladder instead",
            do="save it anew on the console's page *ladder*, or put it back there",
        )
    return ok("ladder", f"{said}; it goes before the settings'")


def _device_clocks(connection: psycopg.Connection, now: int) -> Finding:
    found = clocks.suspects(connection, since=now - DAY)
    if not found:
        return ok("device clocks", "none in doubt since yesterday")
    said = ", ".join(f"{device} {ahead:+.0f} s" for device, _, ahead in found[:10])
    more = f" and {len(found) - 10} more" if len(found) > 10 else ""
    return Finding(
        Level.WARNING,
        "device clocks",
        f"{len(found)} in doubt",
        "their readings stand at the time of receipt",
        f"set the clock or the zone of {said}{more}",
    )
