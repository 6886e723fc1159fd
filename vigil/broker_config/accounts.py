"""Who logs in to the broker, and what each may say and hear: rights in MQTT topic filters."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from schemas import topics
from schemas.directory import Directory

INGEST, STATIONS = "vigil-ingest", "vigil-stations"
TERMINAL = "station-"
"""A station's terminals log in as this and the station's id."""

Kind = Literal["ingest", "stations", "gateway", "terminal"]


class Account(NamedTuple):
    """What is not named here is refused."""

    login: str
    kind: Kind
    says: tuple[str, ...]
    hears: tuple[str, ...]


class AccountError(ValueError):
    """The registry's ids cannot be logins; the message says which and why."""


def accounts(directory: Directory, *, own_topics: Iterable[str] = ()) -> list[Account]:
    """Ingest, stations, each gateway (login = its id, under its own topics only) and each
    station's terminals. AccountError where two would have one login.

    `own_topics`: what ingest hears besides, where a site names a default area.
    """
    found = [_ingest(own_topics), _stations(), *_gateways(directory), *_terminals(directory)]
    counted = Counter(account.login for account in found)
    if twice := sorted(login for login, count in counted.items() if count > 1):
        raise AccountError(f"more than one account would be {twice[0]!r}: rename the gateway")
    return found


def _ingest(own_topics: Iterable[str]) -> Account:
    """Its own area is for its markers and for the doctor's probes; it pages terminals itself
    while the store is down."""
    own = (f"vigil/v1/{topics.MARKER_AREA}/#", f"native/{topics.MARKER_AREA}/#")
    return Account(
        INGEST,
        "ingest",
        says=(*own, topics.station_alerts("+")),
        hears=(*topics.SUBSCRIPTIONS, *own, topics.HEARTBEAT, *own_topics),
    )


def _stations() -> Account:
    return Account(
        STATIONS,
        "stations",
        says=(topics.station_alerts("+"), topics.HEARTBEAT),
        hears=(topics.ACKS, topics.HEARTBEAT),
    )


def _gateways(directory: Directory) -> Iterator[Account]:
    for gateway in directory.gateways:
        up = topics.up(gateway.area, gateway.id)
        yield Account(
            gateway.id,
            "gateway",
            says=(
                up,
                f"{up}/+",
                topics.status(gateway.area, gateway.id),
                topics.native(gateway.area, gateway.id, "#"),
            ),
            hears=(),
        )


def _terminals(directory: Directory) -> Iterator[Account]:
    for station in directory.stations:
        yield Account(
            TERMINAL + station.id,
            "terminal",
            says=(topics.station_acks(station.id),),
            hears=(topics.station_alerts(station.id), topics.HEARTBEAT),
        )
