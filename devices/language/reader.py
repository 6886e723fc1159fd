"""A `[[message]]` of a profile, compiled: payload → what it says."""

from collections.abc import Callable
from sys import intern

from devices.decoded import Decoded, DecodeError, Reading, Status, hashed_key, is_emergency, show
from devices.ids import device_id
from devices.language import spec
from devices.language.births import compile_births
from devices.language.cases import compile_applies
from devices.language.contents import always, compile_steps
from devices.language.each import Record, compile_each
from devices.language.frames import compile_frame
from devices.language.paths import capture_names, compile_paths
from devices.language.payloads import compile_load
from devices.language.places import Found, Places
from devices.language.tokens import token, tokens
from devices.message import Incoming, Loaded, Parsed
from devices.payload import check_size

_PARSED_BY = {"payload", "separator", "equals", "fold_keys", "embedded"}


class Reader:
    """Reads one variant of one topic: `load`, `device`, `read`. Raises nothing but DecodeError."""

    def __init__(self, profile: spec.Profile, message: spec.Message) -> None:
        folded = message.fold_keys
        self.profile = profile.id
        self.only_registered = profile.only_registered
        self.ignore = message.ignore
        self.applies = compile_applies(message)
        """Whether this variant is meant; the message is loaded. None: always."""
        self._parse = compile_load(message)
        self._parsing = _loading(message, _PARSED_BY)
        self.loading = _loading(message, {*_PARSED_BY, "frame", "births"})
        """Equal where a payload is loaded in the same way."""
        self._completing = [compile_frame(frame, folded=folded) for frame in message.frame]
        if message.births is not None:
            self._completing.append(compile_births(message.births))
        by_topic = [at for at in message.device if capture_names(at)]
        self._of_topic = compile_paths(by_topic) if by_topic else None
        self._each = compile_each(message.each, folded=folded) if message.each else None
        self._availability = _availability(message.availability, folded=folded)
        self._of_device = message.availability is None or message.availability.of == "device"
        places = Places(folded=folded, has_records=bool(message.each))
        self._device_at = places.at(message.device)
        self._steps = compile_steps(message, places)
        self._flags = always(message)
        self._find, self._find_root, self._find_parent = places.finder()

    def load(self, message: Incoming) -> None:
        """Parse the payload into `message.root`; DecodeError where it is not of the kind."""
        loaded = message.loaded.get(self.loading)
        if loaded is None:
            loaded = message.loaded[self.loading] = self._load_anew(message)
        if isinstance(loaded, DecodeError):
            raise loaded.of(None)
        message.root, message.faults, message.refused = loaded

    def _load_anew(self, message: Incoming) -> Loaded:
        """Variants that differ in their frames alone share the parsed payload."""
        try:
            if not self._completing:  # `_parsing` and `loading` are one
                return self._parse_anew(message)
            parsed = message.loaded.get(self._parsing)
            if parsed is None:
                parsed = message.loaded[self._parsing] = self._parse_anew(message)
            elif isinstance(parsed, DecodeError):
                return parsed
            message.root, message.faults, message.refused = parsed
            for complete in self._completing:
                complete(message)
        except DecodeError as error:
            return error
        return message.root, message.faults, message.refused

    def _parse_anew(self, message: Incoming) -> Parsed:
        check_size(message.payload, message.limits.bytes)
        return self._parse(message.payload), (), ()

    def device(self, message: Incoming) -> str | None:
        """The (first) device the message is about; None for a bridge's own messages.

        What is found on the way is kept in the message for `read`.
        """
        if self.ignore is not None or not self._of_device:
            return None
        if self._each is None:
            found = self._find(message.root, message, (), ())
            message.found = [found]
            return self._device_of(found)
        return self._first_device(self._each(message), message)

    def _first_device(self, records: list[Record], message: Incoming) -> str | None:
        message.found = self._find_each(records, message)
        failure: DecodeError | None = None
        for found in message.found:
            try:
                if isinstance(found, DecodeError):
                    raise found
                return self._device_of(found)
            except DecodeError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return None

    def _find_each(self, records: list[Record], message: Incoming) -> list[Found | DecodeError]:
        """What stands at the places of each record; why, where there is none."""
        root = self._find_root(message.root)
        parent, held = self._find_parent(None), None
        everything: list[Found | DecodeError] = []
        for record, holder, key in records:
            if holder is not held:
                parent, held = self._find_parent(holder), holder
            if key is not None:
                message.captures = message.captures | {"key": key}
            if isinstance(record, DecodeError):
                everything.append(record)
            else:
                everything.append(self._find(record, message, root, parent))
        return everything

    def topic_device(self, message: Incoming) -> str | None:
        """The device as far as the topic tells it, where the payload cannot be read."""
        found = None if self._of_topic is None else self._of_topic(None, message)
        return device_id(found) if found and found.strip() else None

    def read(self, message: Incoming) -> Decoded:
        """All that the message says; it is loaded, and `device` was asked for."""
        result = Decoded(self.profile)
        if self.ignore is not None:
            result.ignored = self.ignore
        elif self._availability is not None:
            self._read_availability(result, message)
        elif self._each is None:
            self._add(result, message.found[0], message)
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
        seen: set[tuple[object, ...]] = set()
        for index, found in enumerate(message.found):
            try:
                self._add(result, found, message)
                if (reading := result.readings[-1]).key is not None:
                    _keep_apart(reading, index, seen)
            except DecodeError as error:
                error.index = index
                result.rejects.append(error)
        if not message.found:
            result.ignored = "no records"

    def _add(self, result: Decoded, found: Found | DecodeError, message: Incoming) -> None:
        if isinstance(found, DecodeError):
            raise found
        device = self._device_of(found)
        reading = Reading(device, None, None, {}, self._flags)
        faults: list[DecodeError] = []
        for at, add in self._steps:
            if at is None or found[at] is not None:
                try:
                    add(found, message, reading)
                except DecodeError as error:
                    faults.append(error)
        if faults:
            _keep_or_raise(result, reading, [fault.of(device) for fault in faults])
        if message.faults:
            result.faults += [fault.of(device) for fault in message.faults]
        if message.refused:
            result.rejects += [refused.of(device) for refused in message.refused]
        result.readings.append(reading)

    def _device_of(self, found: Found) -> str:
        raw = found[self._device_at]
        if type(raw) is int:
            raw = token(raw)
        if type(raw) is not str:
            raise DecodeError("device", f"no device id where the profile looks: {show(raw)}")
        return device_id(raw)


def _keep_or_raise(result: Decoded, reading: Reading, faults: list[DecodeError]) -> None:
    if not is_emergency(reading.values):
        raise faults[0]
    result.faults += faults


def _keep_apart(reading: Reading, index: int, seen: set[tuple[object, ...]]) -> None:
    """Records under one wrapper's key are not repetitions of each other."""
    identity = (reading.device, reading.ts, reading.key)
    if identity in seen:
        reading.key = hashed_key(f"{reading.key}#{index}")
    seen.add(identity)


def _loading(message: spec.Message, parts: set[str]) -> str:
    """Equal where the parts of the profile that say how a payload is loaded are."""
    return intern(message.model_dump_json(include=parts, exclude_defaults=True))


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
