"""From a registry to a folder with everything that a broker needs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from schemas.directory import Directory
from vigil.broker_config import mosquitto, nats, passwords
from vigil.broker_config.accounts import accounts
from vigil.broker_config.site import Site

Which = Literal["mosquitto", "nats"]
_FILES = {"mosquitto": mosquitto.files, "nats": nats.files}


class Written(NamedTuple):
    files: list[str]
    accounts: int
    new: int
    """Accounts that had no password before."""


def write(
    which: Which, directory: Directory, *, site: Site, out: Path, own_topics: Iterable[str] = ()
) -> Written:
    """Write the configuration into `out`. Run again, every account keeps its password, and one
    that the registry no longer names is gone. AccountError for ids that cannot be logins."""
    who = accounts(directory, own_topics=own_topics)
    ledger = out / passwords.FILE
    known = passwords.load(ledger)
    given = passwords.give(who, known)
    content = _FILES[which](site, who, given)
    out.mkdir(parents=True, exist_ok=True)
    passwords.save(ledger, who, given)
    for name, text in content.items():
        passwords.write_private(out / name, text)
    return Written([passwords.FILE, *content], len(who), len(given.keys() - known.keys()))
