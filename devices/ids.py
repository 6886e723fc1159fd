"""Device ids as the registry writes them."""

import re
from functools import lru_cache

from devices.decoded import DecodeError, show

_UNFIT = re.compile(r"[\s/+#\x00-\x1f\x7f\ud800-\udfff]")
_MOST = 64


@lru_cache(maxsize=65_536)
def device_id(text: str) -> str:
    """The id for what a device calls itself: characters that no id may hold become `_`.

    So a button named "SOS button" is the registry's `SOS_button`. At most 64 characters.
    DecodeError if nothing is left.
    """
    fit = _UNFIT.sub("_", text.strip())[:_MOST]
    if not fit:
        raise DecodeError("device", f"no device id: {show(text)}")
    return fit
