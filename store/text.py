"""Anything a stranger may send, as PostgreSQL can store it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from psycopg.types.json import Jsonb


def clean(text: str) -> str:
    """Without NUL and lone surrogates, which are written out with a backslash."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def clean_json(value: Any) -> Jsonb:
    """Strings cleaned, numpy's numbers as Python's, NaN and infinities as null."""
    return Jsonb(_clean(value))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(k)): _clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(v) for v in value]
    if isinstance(value, np.generic):
        return _clean(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
