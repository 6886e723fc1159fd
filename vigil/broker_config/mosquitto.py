"""Mosquitto's files: mosquitto.conf, passwords, acl."""

from collections.abc import Iterable

from vigil.broker_config.accounts import Account, AccountError
from vigil.broker_config.passwords import for_mosquitto
from vigil.broker_config.site import Site


def files(site: Site, accounts: list[Account], passwords: dict[str, str]) -> dict[str, str]:
    """File name → content; AccountError for a login that its files cannot hold."""
    for account in accounts:
        if ":" in account.login:
            raise AccountError(f"{account.login!r} cannot be a login: ':' ends one in its file")
    return {
        "mosquitto.conf": _configuration(site),
        "passwords": _passwords(accounts, passwords),
        "acl": _rights(accounts),
    }


def _configuration(site: Site) -> str:
    return f"""\
# Made by `vigil broker config`; make it anew when the registry changes.
{_listener(site)}
user {site.user}

# Who may log in, and what each may say and hear. After a change: send Mosquitto SIGHUP.
allow_anonymous false
password_file {site.folder}/passwords
acl_file {site.folder}/acl

# Nothing is dropped while ingest is away: by default Mosquitto silently drops what comes after
# the first 1,000 queued messages of a client, although it has acknowledged them.
max_queued_messages 0
max_queued_bytes 0
persistent_client_expiration 14d

# What is on the way to a client before it must acknowledge; ingest commits in batches.
max_inflight_messages {site.window}

# What is held survives a restart. It is written once a second: a crash or a power cut loses what
# came in the last one and was not yet handed on.
persistence true
persistence_location {site.data}/
autosave_interval 1
autosave_on_changes false

# A little more than ingest takes, so that what is too large is kept as a reject and not lost.
message_size_limit 8388608
max_keepalive 3600
"""


def _listener(site: Site) -> str:
    lines = [f"listener {site.port} {site.host}"]
    if site.tls is not None:
        lines += [f"certfile {site.tls.certificate}", f"keyfile {site.tls.key}"]
        lines += ["tls_version tlsv1.2"]
    return "\n".join(lines)


def _passwords(accounts: Iterable[Account], passwords: dict[str, str]) -> str:
    return "".join(f"{a.login}:{for_mosquitto(passwords[a.login])}\n" for a in accounts)


def _rights(accounts: Iterable[Account]) -> str:
    parts = []
    for account in accounts:
        lines = [f"user {account.login}"]
        lines += [f"topic write {topic}" for topic in account.says]
        lines += [f"topic read {topic}" for topic in account.hears]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
