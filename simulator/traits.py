"""Lasting properties of a device, read off its id's key."""

import numpy as np
from numpy.typing import NDArray


def writes_rfc3339(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Every other canonical device writes RFC 3339, the others epoch milliseconds."""
    return np.asarray(keys % 2 == 0)


def writes_old_keys(key: int) -> bool:
    """Every third VS373 has the older firmware."""
    return key % 3 == 0


def battery(key: int) -> int:
    """%, well above what the battery rule calls low."""
    return 45 + key % 56


def linkquality(key: int) -> int:
    return 20 + key % 180


def radio(key: int) -> tuple[int, float]:
    """RSSI (dBm) and SNR (dB)."""
    return -(60 + key % 50), 5.5 + key % 5
