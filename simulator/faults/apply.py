"""Faults done to columns: readings changed, kept back, lost, doubled and disturbed.

What is kept back waits here until its time; it is bounded by what an outage holds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from schemas.directory import DeviceKind, Directory
from schemas.quantities import UNKNOWN
from schemas.readings import Readings
from simulator.dice import Dice, keys_of
from simulator.faults import specs
from simulator.faults.network import Network
from simulator.household import CANONICAL, VS373
from simulator.kinds import Fault, Incident
from simulator.roster import Int

Bool = NDArray[np.bool_]
_NEVER = 2**62
_STUCK_RATES = (np.float32(64.0), np.float32(15.0))


class Troubles:
    """What the faults of one run do. Call `begin` in the order of `at`."""

    def __init__(self, directory: Directory, faults: frozenset[Fault], *, seed: int) -> None:
        self._faults = faults
        self._dice = Dice(seed, "troubles")
        self._row = {d.id: row for row, d in enumerate(directory.devices)}
        self._keys = keys_of([d.id for d in directory.devices]) if faults else np.zeros(0, np.int64)
        self._radar = np.array([d.kind is DeviceKind.FALL_SENSOR for d in directory.devices], bool)
        own = [d.profile in (CANONICAL, VS373) for d in directory.devices]
        self._skew = self._skews(np.array(own, bool)) if Fault.CLOCK_SKEW in faults else None
        n = len(directory.devices)
        self._since = {f: np.zeros(n, np.int64) for f in specs.OF_HOME if f in faults}
        self._until = {f: np.zeros(n, np.int64) for f in self._since}
        self._any = dict.fromkeys(self._since, 0)
        self._offset, self._counted = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._network = Network(directory, faults, self._dice)
        self._held = Readings.blank(0)
        self._acts: dict[Fault, Callable[[Readings, NDArray[np.intp]], None]] = {
            Fault.CLOCK_JUMP: self._jump,
            Fault.CLOCK_ZONE: self._zone,
            Fault.BATTERY: self._battery,
            Fault.FLAPPING: self._flap,
            Fault.STUCK: self._stick,
            Fault.REBOOT: self._reboot,
            Fault.HISTORY: self._keep,
        }

    def begin(self, incident: Incident) -> None:
        fault = incident.kind
        if not isinstance(fault, Fault):
            return
        if incident.device is None:
            self._network.begin(fault, incident)
            return
        row = self._row[incident.device]
        self._since[fault][row], self._until[fault][row] = incident.at, incident.ends
        self._any[fault] = max(self._any[fault], incident.ends)

    def renewed(self, device: Int, at: Int) -> Bool:
        """Whether devices speak as a changed firmware does."""
        if Fault.FIRMWARE not in self._since:
            return np.zeros(len(device), bool)
        since = self._since[Fault.FIRMWARE][device]
        return np.asarray((since > 0) & (since <= at))

    def upon(self, said: Readings, begin: int, end: int) -> Readings:
        """What arrives in [begin, end) of all that was `said` until `end`."""
        if not self._faults:
            return said
        self._devices(said)
        if (said.received == _NEVER).any():
            said = said.take(said.received != _NEVER)
        said = self._way(said)
        said = self._network.upon(said, begin, end)
        early = said.received < end
        if not early.all():
            self._held = Readings.concat([self._held, said.take(~early)])
            said = said.take(early)
        due = self._held.received < end
        if due.any():
            said = Readings.concat([said, self._held.take(due)])
            self._held = self._held.take(~due)
        return said

    def _devices(self, said: Readings) -> None:
        """In place: what devices themselves say wrongly."""
        known = (said.device >= 0).nonzero()[0]
        if self._skew is not None:
            said.ts[known] += self._skew[said.device[known]]
        for fault, act in self._acts.items():
            if fault not in self._since or not len(said):
                continue
            if self._any[fault] + specs.CLOCK_SET_AFTER < int(said.received.min()):
                continue
            device, at = said.device[known], said.received[known]
            hit = self._hit(fault, device, at)
            if len(hit):
                act(said, known[hit])
        if Fault.REBOOT in self._since:
            said.key[known] -= self._offset[said.device[known]]

    def _hit(self, fault: Fault, device: NDArray[np.int32], at: Int) -> NDArray[np.intp]:
        late = specs.CLOCK_SET_AFTER if fault is Fault.REBOOT else 0
        since, until = self._since[fault][device], self._until[fault][device]
        return ((since <= at) & (at < until + late)).nonzero()[0]

    def _way(self, said: Readings) -> Readings:
        """Loss, delay and copies on the way. Presses and falls are sent until they are taken."""
        keys, dice = said.device.astype(np.int64), self._dice
        reading = (said.device >= 0) & (said.sos == UNKNOWN) & (said.fall == UNKNOWN)
        if Fault.LOSS in self._faults:
            lost = dice.chance(specs.LOSS, self._of(keys), said.received, 1) & reading
            said = said.take(~lost)
            keys, reading = keys[~lost], reading[~lost]
        if Fault.REORDERING in self._faults:
            slow = dice.chance(specs.REORDERING, self._of(keys), said.received, 2) & reading
            said.received[slow] += self._delay(said, slow, specs.OUT_OF_ORDER)
        if Fault.DUPLICATION in self._faults:
            twice = dice.chance(specs.DUPLICATION, self._of(keys), said.received, 3) & reading
            copies = said.take(twice)
            copies.received += self._delay(said, twice, specs.TWICE_AFTER)
            said = Readings.concat([said, copies])
        return said

    def _of(self, device: Int) -> Int:
        """Keys of device rows; a gateway's own rows have none."""
        return np.asarray(self._keys[np.maximum(device, 0)])

    def _delay(self, said: Readings, rows: Bool, span: tuple[int, int]) -> Int:
        keys = self._of(said.device[rows].astype(np.int64))
        return self._dice.between(*span, keys, said.received[rows], 4)

    def _skews(self, own: Bool) -> Int:
        keys, (usual, wrong) = self._keys, specs.SKEW
        most = np.where(self._dice.chance(specs.SKEWED, keys, 5), wrong, usual)
        skew = self._dice.between(-most, most, keys, 6) // 1_000_000 * 1_000_000
        return np.where(own, skew, 0)

    def _sign(self, fault: Fault, device: NDArray[np.int32]) -> Int:
        """Whether a clock is ahead or behind, thrown anew with each episode."""
        since = self._since[fault][device]
        return np.where(self._dice.chance(0.5, self._keys[device], since, 7), 1, -1)

    def _jump(self, said: Readings, rows: NDArray[np.intp]) -> None:
        device = said.device[rows]
        since = self._since[Fault.CLOCK_JUMP][device]
        far = self._dice.between(*specs.JUMP, self._keys[device], since, 8)
        said.ts[rows] += self._sign(Fault.CLOCK_JUMP, device) * (far // 1_000_000 * 1_000_000)

    def _zone(self, said: Readings, rows: NDArray[np.intp]) -> None:
        said.ts[rows] += self._sign(Fault.CLOCK_ZONE, said.device[rows]) * specs.ZONE

    def _reboot(self, said: Readings, rows: NDArray[np.intp]) -> None:
        """Silent while it starts; then it counts from 1, by a clock that is set a minute later."""
        up = said.received[rows] - self._until[Fault.REBOOT][said.device[rows]]
        said.received[rows[up < 0]] = _NEVER
        rows, up = rows[up >= 0], up[up >= 0]
        device = said.device[rows]
        said.ts[rows] = specs.UNSET_CLOCK + up // 1000 * 1000
        new = self._counted[device] != self._since[Fault.REBOOT][device]
        self._offset[device[new]] = _NEVER
        np.minimum.at(self._offset, device[new], said.key[rows[new]] - 1)
        self._counted[device] = self._since[Fault.REBOOT][device]

    def _battery(self, said: Readings, rows: NDArray[np.intp]) -> None:
        told = rows[~np.isnan(said.battery[rows])]
        device = said.device[told]
        since, until = (t[Fault.BATTERY][device] for t in (self._since, self._until))
        gone = (said.received[told] - since) / (until - since)
        full = said.battery[told]
        said.battery[told] = np.rint(full - gone * (full - specs.EMPTY)).astype(np.float32)

    def _flap(self, said: Readings, rows: NDArray[np.intp]) -> None:
        told = rows[said.presence[rows] >= 0]
        said.presence[told] = said.key[told] % 2

    def _stick(self, said: Readings, rows: NDArray[np.intp]) -> None:
        radar = self._radar[said.device[rows]]
        said.presence[rows[radar & (said.presence[rows] >= 0)]] = 1
        lying = rows[~radar & (said.in_bed[rows] == 1)]
        said.heart_rate[lying], said.respiratory_rate[lying] = _STUCK_RATES
        said.movement[lying] = 0

    def _keep(self, said: Readings, rows: NDArray[np.intp]) -> None:
        """Kept by the device, and told with its old times as fast as it can."""
        device = said.device[rows]
        since, until = (t[Fault.HISTORY][device] for t in (self._since, self._until))
        said.received[rows] = until + (said.received[rows] - since) // specs.CATCHING_UP
