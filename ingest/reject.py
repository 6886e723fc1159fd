"""What cannot be used is kept, within bounds: garbage must not fill the store."""

from typing import Literal

from ingest.source import Delivery
from schemas.times import MINUTE
from store.rejects import Reject

Kind = Literal["reject", "quarantine", "ignored"]

_IGNORED_SHARE = 10
"""Of what a profile passes over on purpose (a bridge's log), a tenth is kept: enough to see why
nothing comes of it, and a budget of its own, so that it never hides a real reject."""


class RejectBudget:
    """At most `per_minute` rejects, and as many messages in quarantine, are kept for a gateway and
    a minute of received time, and a tenth of it of ignored ones; the rest is only counted.

    Bounded: it remembers the current minute only.
    """

    def __init__(self, per_minute: int) -> None:
        self._limits: dict[Kind, int] = {
            "reject": per_minute,
            "quarantine": per_minute,
            "ignored": max(1, per_minute // _IGNORED_SHARE),
        }
        self._minute = 0
        self._spent: dict[tuple[Kind, str], int] = {}

    def spend(self, kind: Kind, gateway: str, received: int) -> bool:
        """Whether one more may be kept; `received` in µs."""
        minute = received // MINUTE
        if minute != self._minute:
            self._minute, self._spent = minute, {}
        spent = self._spent.get((kind, gateway), 0)
        if spent >= self._limits[kind]:
            return False
        self._spent[kind, gateway] = spent + 1
        return True


def refused(delivery: Delivery, error: Exception) -> Reject:
    """A message that the store does not take."""
    return Reject(
        received=delivery.received,
        topic=delivery.topic,
        payload=delivery.payload,
        size=len(delivery.payload),
        code="store",
        reason=f"the store refused it: {error}",
        gateway_id="",
        device=-1,
        gateway=-1,
        flags=0,
    )
