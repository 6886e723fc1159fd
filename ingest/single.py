"""One message on its way into a draft: the definition of what becomes of each.

Every message ends as rows, as a reject, or in quarantine; none disappears (I3).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from devices.births import Births
from devices.catalogue import Catalogue
from devices.decoded import Decoded, DecodeError, Reading
from ingest.lookup import Known, Lookup
from ingest.reject import Kind, RejectBudget
from ingest.said import Row
from ingest.source import Delivery
from ingest.stranger import Stranger, is_test, words
from ingest.times import believable
from schemas import topics
from schemas.readings import Flag
from schemas.topics import Address
from store.rejects import Quarantined, Reject


@dataclass(frozen=True, slots=True)
class Site:
    """What a message is read against: one version of the registry, and what is known of devices."""

    catalogue: Catalogue
    lookup: Lookup
    budget: RejectBudget
    default_area: str | None = None
    births: Births = field(default_factory=Births)

    def address(self, topic: str) -> Address:
        """Where a topic says it comes from; a device's own topic belongs to the default area."""
        found = topics.parse(topic)
        if found is None:
            return Address("native", self.default_area or "", "", topic)
        return found


@dataclass(slots=True)
class Notes:
    """What single messages said, in the order they were received."""

    last_received: int
    """The largest `received` given so far (µs)."""
    rows: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    strangers: list[Stranger] = field(default_factory=list)
    """What the quarantined say of emergencies."""
    overflow: dict[str, int] = field(default_factory=dict)
    """By gateway: rejects beyond its budget, and messages of ignored devices; only counted."""
    unknown_keys: int = 0
    faults: int = 0
    """Values left out of readings that were kept."""


# Plain integers: an operation on members of an enumeration takes a microsecond.
_RETAINED, _BACKLOG = int(Flag.RETAINED), int(Flag.BACKLOG)
_SIGN_OF_LIFE = int(Flag.SIGN_OF_LIFE)


class Single:
    """One delivery; `stamps` says how many of its own `received` it has taken."""

    def __init__(self, site: Site, notes: Notes, delivery: Delivery) -> None:
        self._site, self._notes, self._delivery = site, notes, delivery
        self._lookup = site.lookup
        self._address = site.address(delivery.topic)
        self.stamps = 0
        self._flags = (_RETAINED if delivery.retain else 0) | (_BACKLOG if delivery.backlog else 0)

    def handle(self) -> None:
        delivery = self._delivery
        try:
            decoded = self._site.catalogue.decode(
                delivery.topic,
                delivery.payload,
                profile_of=self._lookup.profile_of,
                received=delivery.received,
                zone=self._lookup.zone_of(self._address.gateway),
                births=self._site.births,
            )
        except DecodeError as error:
            self._reject(error.code, error.message, device=error.device)
            return
        self._notes.unknown_keys += decoded.unknown_keys
        self._notes.faults += len(decoded.faults)
        if decoded.status is not None:
            self._status(online=decoded.status.online)
        for reading in decoded.readings:
            self._reading(reading, decoded.profile)
        for refused in decoded.rejects:
            self._reject(refused.code, refused.message, device=refused.device)
        if not (decoded.readings or decoded.rejects or decoded.status):
            self._nothing(decoded)

    def _reading(self, reading: Reading, profile: str) -> None:
        known = self._lookup.device(reading.device)
        area, gateway = self._place(known)
        trouble = self._lookup.misplaced(known, area=area, gateway=gateway)
        if known is None or trouble is not None:
            code, reason = trouble or ("unknown_device", "")
            received = self._quarantine(reading.device, code, reason, profile=profile)
            self._stranger(reading, profile, code, received)
            return
        self._notes.rows.append(
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
        known = self._lookup.device(device) if device else None
        gateway = self._lookup.gateways.get(self._address.gateway, -1)
        mine = known is not None and known.gateway == gateway
        row = known.row if known is not None and mine else -1
        delivery, name = self._delivery, self._address.gateway
        received = self._sign_of_life(row, gateway) if gateway >= 0 else self._stamp()
        self._notes.rejects.append(
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

    def _stranger(self, reading: Reading, profile: str, why: str, received: int) -> None:
        if self._delivery.retain:
            return
        at = reading.ts if reading.ts is not None and believable(reading.ts, received) else received
        area, gateway = self._address.area, self._address.gateway
        for word in words(reading, self._site.catalogue.profiles[profile]):
            self._notes.strangers.append(
                Stranger(
                    word=word,
                    at=at,
                    area=area,
                    gateway=gateway,
                    device=reading.device,
                    why=why,
                    test=is_test(reading),
                    elders=() if word.ends else self._lookup.elders_behind(gateway),
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
        self._notes.quarantined.append(
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
        room = self._site.budget.spend(kind, self._address.gateway, self._delivery.received)
        if not room:
            self._overflow()
        return room

    def _overflow(self) -> None:
        """Only count it."""
        overflow, gateway = self._notes.overflow, self._address.gateway
        overflow[gateway] = overflow.get(gateway, 0) + 1

    def _sign_of_life(self, device: int, gateway: int, *, online: int = -1) -> int:
        received = self._stamp()
        flags = self._flags | _SIGN_OF_LIFE
        self._notes.rows.append(Row(received, device, -1, gateway, None, online, flags))
        return received

    def _stamp(self) -> int:
        notes = self._notes
        notes.last_received = max(self._delivery.received, notes.last_received + 1)
        self.stamps += 1
        return notes.last_received

    def _place(self, known: Known | None) -> tuple[str, str]:
        """Area and gateway the message came through. A device's own topic names neither: there
        the registry's word stands."""
        address = self._address
        if address.gateway or known is None:
            return address.area, address.gateway
        return self._lookup.place_of(known)
