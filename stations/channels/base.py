"""What every channel promises."""

from collections.abc import Mapping
from typing import Any, Protocol


class SendError(Exception):
    """It did not arrive, as far as can be known; it is sent again. The text holds no name."""


class Channel(Protocol):
    """A way out of the outbox. `name` is what `delivery.channel` says.

    A return from `send` means that the receiver's side has taken it. Anything else is SendError,
    also what lasts too long. `key` is the same each time the same delivery is sent.
    """

    name: str

    async def ready(self) -> None:
        """Return once sending has a chance; nothing is claimed before."""
        ...

    async def send(self, target: str, payload: Mapping[str, Any], *, key: str) -> None: ...
