"""Passwords for the accounts: made once, kept in one file for its owner only, hashed for brokers.

They are random, 128 bits, so a hash needs no work factor: nobody guesses them, and a city's
gateways reconnecting at once must not keep a broker busy for minutes.
"""

import base64
import csv
import hashlib
import io
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

import bcrypt

from vigil.broker_config.accounts import Account

FILE = "accounts.csv"
_COLUMNS = ("login", "password", "kind")
_ITERATIONS = 101  # Mosquitto's own default


def load(path: Path) -> dict[str, str]:
    """Login → password, of an earlier run; empty where there was none."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["login"]: row["password"] for row in csv.DictReader(file)}


def give(accounts: Iterable[Account], known: dict[str, str]) -> dict[str, str]:
    """Login → password for each account; who had one keeps it."""
    return {a.login: known.get(a.login) or secrets.token_urlsafe(16) for a in accounts}


def save(path: Path, accounts: Iterable[Account], passwords: dict[str, str]) -> None:
    """For whoever sets up the gateways; readable by its owner only."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([a.login, passwords[a.login], a.kind] for a in accounts)
    write_private(path, text.getvalue())


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def for_mosquitto(password: str) -> str:
    """The form of its password_file: PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(12)
    hashed = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${_base64(salt)}${_base64(hashed)}"


def for_nats(password: str) -> str:
    """bcrypt, the only hash that NATS knows, at its lowest cost."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4, prefix=b"2a")).decode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
