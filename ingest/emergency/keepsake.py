"""What an ingest that starts while the store is away must know to hear an emergency: the registry
and the ladders as an owner on this machine knew them last. Ids only, no names (I10).

Kept in the state folder, whole or not at all. `token` names the owner that wrote it: only when that
process has ended may another one listen in its place.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import structlog

from schemas.directory import Override
from schemas.registry import Devices, Elders, Places, Registry
from store.ladders import Ladders, Rung

logger = structlog.get_logger(__name__)

_VERSION = 1


class _Array(msgspec.Struct):
    dtype: str
    data: bytes


_Columns = dict[str, list[str] | _Array]


class Keepsake(NamedTuple):
    registry: Registry
    """With what the device models say; who is away is left out: emergencies do not ask."""
    ignored: Collection[tuple[str, str]]
    ladders: Ladders


class _File(msgspec.Struct):
    version: int
    session: str
    token: str
    tables: dict[str, _Columns]
    overrides: list[dict[str, Any]]
    ignored: list[tuple[str, str]]
    above: dict[str, list[Rung]]
    top: list[Rung]


def save(path: Path, keepsake: Keepsake, *, session: str, token: str) -> None:
    """OSError where it cannot be written."""
    registry = keepsake.registry
    content = _File(
        _VERSION,
        session,
        token,
        {name: _pack(getattr(registry, name)) for name in _TABLES},
        [override.model_dump() for override in registry.overrides],
        sorted(keepsake.ignored),
        {area: list(rungs) for area, rungs in keepsake.ladders.above.items()},
        list(keepsake.ladders.top),
    )
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_bytes(msgspec.msgpack.encode(content))
    draft.replace(path)


def load(path: Path, *, session: str) -> tuple[str, Keepsake] | None:
    """The token of its writer, and what it kept; None where there is nothing, or of another
    session or version."""
    try:
        file = msgspec.msgpack.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError):
        logger.exception("the kept registry cannot be read")
        return None
    if (file.version, file.session) != (_VERSION, session):
        return None
    tables: dict[str, Any] = {n: kind(**_unpack(file.tables[n])) for n, kind in _TABLES.items()}
    overrides = tuple(Override.model_construct(**one) for one in file.overrides)
    ladders = Ladders({area: tuple(r) for area, r in file.above.items()}, tuple(file.top))
    registry = Registry(**tables, overrides=overrides)
    return file.token, Keepsake(registry, frozenset(file.ignored), ladders)


_TABLES: dict[str, type[Devices] | type[Elders] | type[Places]] = {
    "devices": Devices,
    "elders": Elders,
    "homes": Places,
    "gateways": Places,
}


def _pack(table: Devices | Elders | Places) -> _Columns:
    columns: _Columns = {}
    for field in fields(table):
        column = getattr(table, field.name)
        if isinstance(column, np.ndarray):
            columns[field.name] = _Array(column.dtype.str, column.tobytes())
        else:
            columns[field.name] = list(column)
    return columns


def _unpack(columns: _Columns) -> dict[str, Any]:
    return {
        name: np.frombuffer(column.data, column.dtype) if isinstance(column, _Array) else column
        for name, column in columns.items()
    }
