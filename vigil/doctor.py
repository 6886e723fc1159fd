"""vigil doctor: is everything there that a site needs, and if not, what to do."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from schemas.times import DAY
from store import clocks, directory
from store.connect import connect
from store.migrate import check, flavour
from vigil.settings import Settings


class Finding(NamedTuple):
    ok: bool
    what: str
    detail: str


def examine(settings: Settings, *, now: int) -> list[Finding]:
    """Every finding, in the order in which things are to be put right. `now`: µs UTC."""
    return [*_store(settings, now), _broker(settings)]


def _store(settings: Settings, now: int) -> Iterator[Finding]:
    try:
        connection = connect(settings.store.dsn, application="vigil doctor")
    except psycopg.OperationalError as error:
        yield Finding(False, "store", f"{error}; set VIGIL_STORE__DSN")
        return
    with connection:
        kind = flavour(connection) or "not yet migrated"
        yield Finding(True, "store", f"answers ({kind})")
        pending = check(connection)
        if pending:
            yield Finding(False, "migrations", "; ".join(pending) + ": run vigil migrate")
            return
        yield Finding(True, "migrations", "up to date")
        yield _registry(connection)
        yield _clocks(connection, now)


def _registry(connection: psycopg.Connection) -> Finding:
    _, registry = directory.load_registry(connection)
    elders, devices = int(registry.elders.active.sum()), int(registry.devices.active.sum())
    if not devices:
        return Finding(False, "registry", "no devices: run vigil registry import DIR")
    return Finding(True, "registry", f"{elders} elders, {devices} devices")


def _clocks(connection: psycopg.Connection, now: int) -> Finding:
    found = clocks.suspects(connection, since=now - DAY)
    if not found:
        return Finding(True, "device clocks", "none in doubt since yesterday")
    said = ", ".join(f"{device} {ahead:+.0f} s" for device, _, ahead in found[:10])
    more = f" and {len(found) - 10} more" if len(found) > 10 else ""
    return Finding(False, "device clocks", f"set the clock or the zone of {said}{more}")


def _broker(settings: Settings) -> Finding:
    """One clean connection under another client id: the ingest's own session is left alone."""
    address = settings.broker.address
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
    if address.username is not None:
        client.username_pw_set(address.username, address.password)
    if address.tls:
        client.tls_set()
    answer: list[str] = []
    client.on_connect = lambda _c, _u, _f, reason, _p: answer.append(str(reason))
    return _connect(client, lambda: client.connect(address.host, address.port), answer)


def _connect(client: paho.Client, begin: Callable[[], object], answer: list[str]) -> Finding:
    try:
        begin()
        while not answer and client.loop(timeout=5) == paho.MQTT_ERR_SUCCESS:
            pass
    except OSError as error:
        return Finding(False, "broker", f"{error}; set VIGIL_BROKER__URL")
    client.disconnect()
    ok = answer == ["Success"]
    return Finding(ok, "broker", "answers" if ok else f"refuses us: {answer or 'no answer'}")
