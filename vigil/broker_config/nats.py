"""NATS's file: nats.conf (JSON, which it reads as well as its own form)."""

import json
from collections.abc import Iterable
from typing import Any

from vigil.broker_config.accounts import Account, AccountError
from vigil.broker_config.passwords import for_nats
from vigil.broker_config.site import Site

_WINDOW = 8_191
"""65,535 unacknowledged at most over all consumers of a session, one for each filter; ingest has
five (`native/#` counts twice), and up to eight where a site names a default area."""


def files(site: Site, accounts: list[Account], passwords: dict[str, str]) -> dict[str, str]:
    """File name → content; AccountError for a login that stands for more than itself."""
    for account in accounts:
        if set("*>") & set(account.login):
            raise AccountError(f"{account.login!r} cannot be a login: NATS reads * and > in it")
    users = [_user(account, passwords[account.login]) for account in accounts]
    return {"nats.conf": json.dumps(_configuration(site, users), indent=1) + "\n"}


def _configuration(site: Site, users: list[dict[str, Any]]) -> dict[str, Any]:
    mqtt: dict[str, Any] = {
        "listen": f"{site.host}:{site.port}",
        # What is not acknowledged comes again after it; the default of 30 s would hold a message
        # back for so long after a crash of ingest.
        "ack_wait": "2s",
        "max_ack_pending": min(site.window, _WINDOW),
    }
    if site.tls is not None:
        mqtt["tls"] = {"cert_file": str(site.tls.certificate), "key_file": str(site.tls.key)}
    return {
        "server_name": "vigil",
        # NATS's own protocol is for the machine itself; gateways speak MQTT.
        "listen": "127.0.0.1:4222",
        "max_payload": 8 * 1024 * 1024,
        # By default it syncs to disk every two minutes: a power cut would lose what it took since.
        "jetstream": {"store_dir": str(site.data), "sync_interval": "always"},
        "mqtt": mqtt,
        "authorization": {"users": users},
    }


def _user(account: Account, password: str) -> dict[str, Any]:
    return {
        "user": account.login,
        "password": for_nats(password),
        "allowed_connection_types": ["MQTT"],
        "permissions": {"publish": _only(account.says), "subscribe": _only(account.hears)},
    }


def _only(filters: Iterable[str]) -> dict[str, list[str]]:
    allowed = [subject for topic in filters for subject in subjects(topic)]
    return {"allow": allowed} if allowed else {"deny": [">"]}


def subjects(topic: str) -> list[str]:
    """A topic filter as NATS subjects: `/` becomes `.`, a `.` within a level `//`; a `#` stands
    for its parent too."""
    levels = ["*" if level == "+" else level.replace(".", "//") for level in topic.split("/")]
    if levels[-1] == "#":
        parent = ".".join(levels[:-1])
        return [parent, f"{parent}.>"]
    return [".".join(levels)]
