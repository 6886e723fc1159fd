"""What every channel promises."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol


class SendError(Exception):
    """It did not arrive, as far as can be known; it is sent again. The text holds no name."""


class Undeliverable(SendError):  # noqa: N818 (what it says is the error)
    """The receiver's side refuses it for good: sending it again is no use."""


class Message(NamedTuple):
    """One attempt at one delivery."""

    key: str
    """The same each time the same delivery is sent."""
    target: str
    payload: Mapping[str, Any]
    at: datetime
    """The time of this attempt, by the store's clock."""


class Channel(Protocol):
    """A way out of the outbox. `name` is what `delivery.channel` says.

    A return from `send` means that the receiver's side has taken it. Anything else is SendError,
    also what lasts too long.
    """

    @property
    def name(self) -> str: ...

    @property
    def per_minute(self) -> int | None:
        """So many attempts in any 60 s; None: no limit."""
        ...

    @property
    def gives_up(self) -> timedelta | None:
        """What was not taken so long after it was written is dead; None: tried without end."""
        ...

    async def ready(self) -> None:
        """Return once sending has a chance; nothing is claimed before."""
        ...

    async def send(self, message: Message) -> None: ...
