"""Who may log in, and whether a gateway is bound to its own topics."""

import csv
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ingest.mqtt import BrokerAddress
from vigil.doctor import probe
from vigil.doctor.advice import Advice
from vigil.doctor.finding import Finding, Level, bad, ok, warning
from vigil.doctor.probe import Login, Probe, ProbeError
from vigil.settings import Settings

_GATEWAYS = 3  # of those in the file are tried
_NOBODY = Login(None, None)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def examine(settings: Settings, advice: Advice, *, accounts: Path | None) -> Iterator[Finding]:
    """`accounts`: the accounts.csv of `vigil broker config`, to try some gateways' rights."""
    address = settings.broker.address
    yield _anonymous(address, advice)
    if accounts is None:
        yield Finding(
            Level.UNSEEN,
            "rights of gateways",
            "not tried",
            "a gateway that may speak for others can raise or hide their alerts",
            "name the accounts: --accounts FILE",
        )
        return
    for login in _gateways(accounts):
        yield _gateway(address, login, advice)


def _anonymous(address: BrokerAddress, advice: Advice) -> Finding:
    if not _may_enter(address, _NOBODY):
        return ok("log-in", "only with an account")
    found = "anybody may log in, without an account"
    if address.host in _LOOPBACK and address.username is None:
        return warning("log-in", found, why="fine on a machine of your own", do=advice.accounts)
    return bad("log-in", found, why="anybody may say anything for anybody", do=advice.accounts)


def _may_enter(address: BrokerAddress, login: Login) -> bool:
    try:
        with Probe(address, login=login):
            return True
    except ProbeError:
        return False


def _gateways(path: Path) -> list[Login]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "gateway"]
    return [Login(row["login"], row["password"]) for row in rows[:_GATEWAYS]]


def _gateway(address: BrokerAddress, login: Login, advice: Advice) -> Finding:
    what = f"rights of {login.name}"
    if not _may_enter(address, login):
        return bad(what, "cannot log in", do="send the broker its new files, and SIGHUP")
    too_much = [
        *(["say what is not its own"] if _says_too_much(address, login) else []),
        *(["hear what others say"] if _hears_too_much(address, login) else []),
    ]
    if not too_much:
        return ok(what, "only its own topics")
    return bad(
        what,
        f"may {' and '.join(too_much)}",
        why="one stolen box can then raise or hide the alerts of others",
        do=advice.accounts,
    )


def _says_too_much(address: BrokerAddress, login: Login) -> bool:
    topic = probe.topic()
    with Probe(address) as listener:
        listener.subscribe(topic)
        with suppress(ProbeError), Probe(address, login=login) as gateway:
            gateway.publish(topic, b"")
            gateway.confirmed()
        return listener.listen(1, silence=0.3) > 0


def _hears_too_much(address: BrokerAddress, login: Login) -> bool:
    topic = probe.topic()
    with suppress(ProbeError), Probe(address, login=login) as gateway:
        if gateway.subscribe(topic):
            return False
        with Probe(address) as speaker:
            speaker.publish(topic, b"")
            speaker.confirmed()
        return gateway.listen(1, silence=0.3) > 0
    return False
