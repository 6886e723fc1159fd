"""Deliveries to rows: what each message said, from whom, and what becomes of it.

Every message ends as rows, as a reject, or in quarantine; none disappears (I3). Each gets a
`received` of its own, strictly increasing, so that the order of the store is the order of
judging (I5).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from devices.catalogue import Catalogue
from devices.decoded import Decoded, DecodeError, Reading
from ingest.lookup import Known, Lookup
from ingest.reject import Kind, RejectBudget
from ingest.source import Delivery
from ingest.stranger import Stranger, emergency, is_test, window
from ingest.times import believable
from schemas import topics
from schemas.readings import Flag
from schemas.topics import Address
from store.rejects import Quarantined, Reject


class Row(NamedTuple):
    """One row to be: a reading, or (without one) a sign of life. Rows of the directory."""

    received: int
    device: int
    elder: int
    gateway: int
    reading: Reading | None
    online: int
    flags: int


@dataclass(slots=True)
class Draft:
    """What a batch of deliveries said, in the order it was received."""

    rows: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    strangers: list[Stranger] = field(default_factory=list)
    """Emergencies among the quarantined."""
    overflow: dict[str, int] = field(default_factory=dict)
    """By gateway: rejects beyond its budget, and messages of ignored devices; only counted."""
    last_received: int = 0


class Decoder:
    """Decodes against one registry version; makes the same draft of the same deliveries."""

    def __init__(
        self,
        catalogue: Catalogue,
        lookup: Lookup,
        *,
        budget: RejectBudget,
        default_area: str | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._lookup = lookup
        self._budget = budget
        self._default_area = default_area

    def decode(self, deliveries: Iterable[Delivery], *, after: int) -> Draft:
        """`after` is the largest `received` given so far (µs)."""
        draft = Draft(last_received=after)
        for delivery in deliveries:
            _Message(self, draft, delivery).handle()
        return draft

    def address(self, topic: str) -> Address:
        """Where a topic says it comes from; a device's own topic belongs to the default area."""
        found = topics.parse(topic)
        if found is None:
            return Address("native", self._default_area or "", "", topic)
        return found

    @property
    def lookup(self) -> Lookup:
        return self._lookup

    @property
    def catalogue(self) -> Catalogue:
        return self._catalogue

    @property
    def budget(self) -> RejectBudget:
        return self._budget


class _Message:
    """One delivery on its way into the draft."""

    def __init__(self, decoder: Decoder, draft: Draft, delivery: Delivery) -> None:
        self._decoder, self._draft, self._delivery = decoder, draft, delivery
        self._lookup = decoder.lookup
        self._address = decoder.address(delivery.topic)
        self._flags = int(
            (Flag.RETAINED if delivery.retain else 0) | (Flag.BACKLOG if delivery.backlog else 0)
        )

    def handle(self) -> None:
        delivery = self._delivery
        try:
            decoded = self._decoder.catalogue.decode(
                delivery.topic,
                delivery.payload,
                profile_of=self._lookup.profile_of,
                received=delivery.received,
                zone=self._lookup.zone_of(self._address.gateway),
            )
        except DecodeError as error:
            self._reject(error.code, error.message, device=error.device)
            return
        if decoded.status is not None:
            self._status(online=decoded.status.online)
        for reading in decoded.readings:
            self._reading(reading, decoded.profile)
        for refused in decoded.rejects:
            self._reject(refused.code, refused.message, device=refused.device)
        if not (decoded.readings or decoded.rejects or decoded.status):
            self._nothing(decoded)

    def _reading(self, reading: Reading, profile: str) -> None:
        known = self._lookup.devices.get(reading.device)
        area, gateway = self._place(known)
        trouble = self._lookup.misplaced(known, area=area, gateway=gateway)
        if known is None or trouble is not None:
            code, reason = trouble or ("unknown_device", "")
            received = self._quarantine(reading.device, code, reason, profile=profile)
            self._stranger(reading, code, received)
            return
        self._draft.rows.append(
            Row(
                self._stamp(),
                known.row,
                known.elder,
                known.gateway,
                reading,
                -1,
                self._flags | reading.flags,
            )
        )

    def _status(self, *, online: bool) -> None:
        gateway = self._lookup.gateways.get(self._address.gateway)
        if gateway is None:
            reason = "the registry does not know this gateway: register it"
            self._quarantine("", "unknown_gateway", reason)
            return
        self._sign_of_life(-1, gateway, online=int(online))

    def _nothing(self, decoded: Decoded) -> None:
        reason = decoded.ignored or "the message carries nothing that is known"
        self._reject("ignored", reason, device=None, kind="ignored")

    def _reject(self, code: str, reason: str, *, device: str | None, kind: Kind = "reject") -> None:
        """Keep it, and let it count as a word from its device or gateway.

        What is only counted is no such word: a replay of the store could not know of it.
        """
        if not self._keeps(kind):
            return
        known = self._lookup.devices.get(device) if device else None
        gateway = self._lookup.gateways.get(self._address.gateway, -1)
        mine = known is not None and known.gateway == gateway
        row = known.row if known is not None and mine else -1
        delivery, name = self._delivery, self._address.gateway
        received = self._sign_of_life(row, gateway) if gateway >= 0 else self._stamp()
        self._draft.rejects.append(
            Reject(
                received=received,
                topic=delivery.topic,
                payload=delivery.payload,
                size=len(delivery.payload),
                code=code,
                reason=reason,
                gateway_id=name,
                device=row,
                gateway=gateway,
                flags=self._flags,
            )
        )

    def _stranger(self, reading: Reading, why: str, received: int) -> None:
        rule = emergency(reading)
        if rule is None or self._delivery.retain:
            return
        at = reading.ts if reading.ts is not None and believable(reading.ts, received) else received
        area, gateway = self._address.area, self._address.gateway
        self._draft.strangers.append(
            Stranger(
                rule=rule,
                at=at,
                area=area,
                gateway=gateway,
                device=reading.device,
                why=why,
                test=is_test(reading),
                elders=self._lookup.elders_behind(gateway),
                window=window(reading),
            )
        )

    def _quarantine(self, device: str, code: str, reason: str, *, profile: str = "") -> int:
        delivery, address = self._delivery, self._address
        received = self._stamp()
        if self._lookup.is_ignored(gateway=address.gateway, device=device):
            self._overflow()
            return received
        if not self._keeps("quarantine"):
            return received
        self._draft.quarantined.append(
            Quarantined(
                received=received,
                topic=delivery.topic,
                payload=delivery.payload,
                area=address.area,
                gateway_id=address.gateway,
                device_id=device,
                code=code,
                reason=reason,
                flags=self._flags,
                profile=profile,
            )
        )
        return received

    def _keeps(self, kind: Kind) -> bool:
        """Whether the gateway's budget has room for one more; else it is only counted."""
        room = self._decoder.budget.spend(kind, self._address.gateway, self._delivery.received)
        if not room:
            self._overflow()
        return room

    def _overflow(self) -> None:
        """Only count it."""
        overflow, gateway = self._draft.overflow, self._address.gateway
        overflow[gateway] = overflow.get(gateway, 0) + 1

    def _sign_of_life(self, device: int, gateway: int, *, online: int = -1) -> int:
        received = self._stamp()
        flags = self._flags | int(Flag.SIGN_OF_LIFE)
        self._draft.rows.append(Row(received, device, -1, gateway, None, online, flags))
        return received

    def _stamp(self) -> int:
        draft = self._draft
        draft.last_received = max(self._delivery.received, draft.last_received + 1)
        return draft.last_received

    def _place(self, known: Known | None) -> tuple[str, str]:
        """Area and gateway the message came through. A device's own topic names neither: there
        the registry's word stands."""
        address = self._address
        if address.gateway or known is None:
            return address.area, address.gateway
        return self._lookup.place_of(known)
