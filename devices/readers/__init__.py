"""Payload kinds that no mapping can say, in code: bytes → the JSON-like value that paths lead into.

Each is one small module and raises nothing but DecodeError, whatever the bytes. A profile names one
as its `payload`; everything else about the model stays in its profile.toml.
"""

from collections.abc import Callable, Mapping
from typing import Any

from devices.readers.senml import read_senml
from devices.readers.sparkplug_b import read_sparkplug_b

READERS: Mapping[str, Callable[[bytes], Any]] = {
    "senml": read_senml,
    "sparkplug_b": read_sparkplug_b,
}
