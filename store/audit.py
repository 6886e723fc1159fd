"""The audit trail from outside the console: commands that show or change personal data."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb


def record(
    connection: psycopg.Connection,
    *,
    at: datetime,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
) -> None:
    """Who did it stands in `detail`: there is no console session. Commits with the caller's."""
    connection.execute(
        "INSERT INTO audit (at, staff, action, subject, detail) VALUES (%s, NULL, %s, %s, %s)",
        [at, action, subject, Jsonb(dict(detail))],
    )
