"""How many rejects of a gateway are kept: one that sends garbage must not fill the store."""

from schemas.times import MINUTE


class RejectBudget:
    """At most `per_minute` kept a gateway and minute of received time; the rest is only counted.

    Bounded: it remembers the current minute only.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._minute = 0
        self._spent: dict[str, int] = {}

    def spend(self, gateway: str, received: int) -> bool:
        """Whether one more may be kept; `received` in µs."""
        minute = received // MINUTE
        if minute != self._minute:
            self._minute, self._spent = minute, {}
        spent = self._spent.get(gateway, 0)
        if spent >= self._per_minute:
            return False
        self._spent[gateway] = spent + 1
        return True
