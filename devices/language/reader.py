"""A `[[message]]` of a profile, compiled: payload → what it says."""

from collections.abc import Callable
from typing import Any

from devices.decoded import (
    Decoded,
    DecodeError,
    Reading,
    Status,
    hashed_key,
    is_emergency,
    show,
)
from devices.ids import device_id
from devices.language import spec
from devices.language.paths import Getter, capture_name, compile_path, compile_paths
from devices.language.payloads import compile_load
from devices.language.times import compile_time
from devices.language.tokens import token, tokens
from devices.language.values import compile_case, compile_value, compile_when
from devices.message import Incoming
from schemas.readings import Flag

Step = Callable[[Any, Incoming, Reading], None]
"""Adds one thing to a reading; DecodeError where it cannot be read."""

_LAST_KEY = 2**63


class Reader:
    """Reads one variant of one topic. Raises nothing but DecodeError."""

    def __init__(self, profile: str, message: spec.Message) -> None:
        folded = message.fold_keys
        self.profile = profile
        self.ignore = message.ignore
        self.load = compile_load(message.payload, folded=folded, embedded=message.embedded)
        self._when = (
            compile_when(message.when, message.fields, folded=folded) if message.when else None
        )
        self._device = compile_paths(message.device, folded=folded)
        self._captures = [name for at in message.device if (name := capture_name(at))]
        self._each = compile_path(message.each, folded=folded) if message.each else None
        self._availability = _availability(message.availability, folded=folded)
        self._of_device = message.availability is None or message.availability.of == "device"
        self._steps = _steps(message, folded=folded)

    def applies(self, message: Incoming) -> bool:
        """Whether this variant is meant; `message.root` is loaded."""
        return self._when is None or self._when(message.root, message)

    def device(self, message: Incoming) -> str | None:
        """The (first) device the message is about; None for a bridge's own messages."""
        if self.ignore is not None or not self._of_device:
            return None
        if self._each is None:
            return self._device_of(message.root, message)
        records = self._records(message)
        return self._device_of(records[0], message) if records else None

    def topic_device(self, message: Incoming) -> str | None:
        """The device as far as the topic tells it, where the payload cannot be read."""
        found = [message.captures[name] for name in self._captures if name in message.captures]
        return device_id(found[0]) if found and found[0].strip() else None

    def read(self, message: Incoming) -> Decoded:
        """All that the message says; `message.root` is loaded."""
        result = Decoded(self.profile)
        if self.ignore is not None:
            result.ignored = self.ignore
        elif self._availability is not None:
            self._read_availability(result, message)
        elif self._each is None:
            self._add(result, message.root, message)
        else:
            self._add_each(result, message)
        return result

    def _read_availability(self, result: Decoded, message: Incoming) -> None:
        assert self._availability is not None  # noqa: S101 (told by `read`)
        online = self._availability(message)
        if self._of_device:
            word = "online" if online else "offline"
            result.ignored = f"its bridge says that {self.device(message)} is {word}"
        else:
            result.status = Status(online)

    def _add_each(self, result: Decoded, message: Incoming) -> None:
        records = self._records(message)
        for index, record in enumerate(records):
            try:
                self._add(result, record, message)
            except DecodeError as error:
                error.index = index
                result.rejects.append(error)
        if not records:
            result.ignored = "an empty array"

    def _records(self, message: Incoming) -> list[Any]:
        assert self._each is not None  # noqa: S101 (told by the callers)
        records = self._each(message.root, message)
        if type(records) is not list:
            raise DecodeError("shape", f"an array of records, not {show(records)}")
        most = message.limits.readings
        if len(records) > most:
            raise DecodeError("size", f"{len(records)} records; at most {most} are read")
        return records

    def _add(self, result: Decoded, record: Any, message: Incoming) -> None:
        device = self._device_of(record, message)
        reading = Reading(device, None, None, {})
        faults: list[DecodeError] = []
        for step in self._steps:
            try:
                step(record, message, reading)
            except DecodeError as error:
                error.device = device
                faults.append(error)
        if faults:
            if not is_emergency(reading.values):
                raise faults[0]
            result.faults += faults
        result.readings.append(reading)

    def _device_of(self, record: Any, message: Incoming) -> str:
        raw = self._device(record, message)
        if type(raw) is int:
            raw = token(raw)
        if type(raw) is not str:
            raise DecodeError("device", f"no device id where the profile looks: {show(raw)}")
        return device_id(raw)


def _steps(message: spec.Message, *, folded: bool) -> list[Step]:
    """In the order in which errors matter: what must be there, values, then the rest."""
    steps = [_require(r, folded=folded) for r in message.require]
    steps += [_value(name, value, folded=folded) for name, value in message.value.items()]
    if message.case:
        steps.append(_cases(message, folded=folded))
    if message.time is not None:
        steps.append(_time(message.time, folded=folded))
    if message.key is not None:
        steps.append(_key(message.key, folded=folded))
    marks = ((message.test, Flag.TEST), (message.history, Flag.HISTORY))
    steps += [_mark(m, int(flag), folded=folded) for m, flag in marks if m is not None]
    return steps


def _require(require: spec.Require, *, folded: bool) -> Step:
    get = compile_paths(require.at, folded=folded)
    text = f"nothing at `{'`, `'.join(require.at)}`: {require.hint}"

    def step(record: Any, message: Incoming, _reading: Reading) -> None:
        if get(record, message) is None:
            raise DecodeError("shape", text)

    return step


def _value(name: str, value: spec.Value, *, folded: bool) -> Step:
    take = compile_value(name, value, folded=folded)

    def step(record: Any, message: Incoming, reading: Reading) -> None:
        found = take(record, message)
        if found is not None:
            reading.values[name] = found

    return step


def _cases(message: spec.Message, *, folded: bool) -> Step:
    places = list(dict.fromkeys(place for case in message.case for place in case.when))
    looks = [compile_paths(message.fields.get(p, [p]), folded=folded) for p in places]
    cases = [compile_case(case, places) for case in message.case]
    nothing = message.otherwise == "nothing"

    def step(record: Any, incoming: Incoming, reading: Reading) -> None:
        said = [token(get(record, incoming)) for get in looks]
        for holds, values in cases:
            if all(said[place] in wanted for place, wanted in holds):
                reading.values.update(values)
                return
        if not nothing:
            found = ", ".join(f"{p} = {show(t)}" for p, t in zip(places, said, strict=True))
            raise DecodeError("value", f"no case of the profile holds: {found}")

    return step


def _time(time: spec.Time, *, folded: bool) -> Step:
    get = compile_paths(time.at, folded=folded)
    clock = compile_time(time.format, time.layout)
    unknown = tokens(time.unknown)

    def step(record: Any, message: Incoming, reading: Reading) -> None:
        raw = get(record, message)
        if raw is not None and token(raw) not in unknown:
            reading.ts = clock(raw, message)

    return step


def _key(key: spec.Key, *, folded: bool) -> Step:
    get = compile_paths(key.at, folded=folded)
    is_id = key.kind == "id"

    def step(record: Any, message: Incoming, reading: Reading) -> None:
        raw = get(record, message)
        if raw is None:
            return
        if is_id and (text := raw if type(raw) is str else token(raw)):
            reading.key = hashed_key(text)
        elif not is_id and type(raw) is int and 0 <= raw < _LAST_KEY:
            reading.key = raw
        else:
            wanted = "text or a number" if is_id else "a whole number from 0 to 2^63-1"
            raise DecodeError("key", f"the key is {wanted}, not {show(raw)}")

    return step


def _mark(mark: spec.Mark, flag: int, *, folded: bool) -> Step:
    get: Getter = compile_paths(mark.at, folded=folded)
    values = tokens(mark.values)

    def step(record: Any, message: Incoming, reading: Reading) -> None:
        if token(get(record, message)) in values:
            reading.flags |= flag

    return step


def _availability(
    availability: spec.Availability | None, *, folded: bool
) -> Callable[[Incoming], bool] | None:
    if availability is None:
        return None
    get = compile_paths(availability.at, folded=folded)
    online, offline = tokens(availability.online), tokens(availability.offline)

    def read(message: Incoming) -> bool:
        raw = get(message.root, message)
        word = token(raw)
        if word not in online and word not in offline:
            known = ", ".join(sorted(online | offline))
            raise DecodeError("value", f"availability is told by {known}, not by {show(raw)}")
        return word in online

    return read
