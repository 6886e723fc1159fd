"""Every device model, and the one that reads a given message.

On our own topics that is the canonical wire. On a native topic every profile whose pattern matches
is a candidate: each says which device the message is about, and the registry's profile of that
device decides. For a device the registry does not know every candidate reads, and a press or a
fall wins (I7). Nothing but DecodeError is raised, whatever the bytes.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Self

from devices import wire
from devices.births import Births
from devices.decoded import Decoded, DecodeError, is_emergency
from devices.language.reader import Reader
from devices.language.toml import Problem, ProfileError
from devices.message import Incoming
from devices.payload import Limits
from devices.profile import FILE, Profile, Route, load_profile
from devices.topics import Captures, Tree, covers
from schemas import topics
from schemas.registry import Model
from schemas.times import SECOND

ProfileOf = Callable[[str], str | None]
"""Device id → the registry's profile for it, None for a device it does not know."""

BUILT_IN = Path(__file__).parent
DEFAULT_ZONE = "Asia/Shanghai"
Candidate = tuple[Route, Captures]


class Match(NamedTuple):
    """What is known of a message by its topic alone."""

    place: tuple[str, str]
    """Area and gateway, "" where the topic does not name them."""
    candidates: dict[str, Candidate]
    """By profile: the most specific of its routes that matches."""
    device: str | None
    """The device, as far as the topic tells the most specific candidate."""


_LIMITS = Limits()
_REMEMBERED = 32_768  # topics, about 20 MB: a device's come back as long as it lives
_SHORT = 200
_NATIVE_PREFIX = 3  # native/{area}/{gateway}/


class Catalogue:
    """Compiled profiles by id. Make one with `load`."""

    def __init__(self, profiles: Mapping[str, Profile], limits: Limits = _LIMITS) -> None:
        self.profiles = profiles
        self._limits = limits
        self._tree: Tree[Route] = Tree()
        for profile in profiles.values():
            for route in profile.routes:
                self._tree.add(route.pattern, route)
        self._match = lru_cache(maxsize=_REMEMBERED)(self._find)

    @classmethod
    def load(
        cls, folder: Path | None = None, *, extra: Path | None = None, limits: Limits = _LIMITS
    ) -> Self:
        """The profiles of a folder's subfolders (by default those that ship), and of `extra`.

        ProfileError names everything that is wrong with any of them.
        """
        profiles: dict[str, Profile] = {}
        problems: list[Problem] = []
        for where in profile_folders(folder or BUILT_IN, extra):
            try:
                profile = load_profile(where)
            except ProfileError as error:
                problems += error.problems
                continue
            if profile.id != where.name or profile.id in profiles:
                text = "the id is the folder's name, and no other profile's"
                problems.append(Problem(f"{where.name}/{FILE}", 1, "id", text))
            profiles[profile.id] = profile
        if problems:
            raise ProfileError(problems)
        return cls(profiles, limits)

    @property
    def limits(self) -> Limits:
        """What one message may hold."""
        return self._limits

    def models(self) -> dict[str, Model]:
        """What the rules have to know of each profile: see `schemas.registry.Registry.fitted`."""
        return {p.id: _model(p) for p in self.profiles.values()}

    def own_topics(self) -> list[str]:
        """Subscription filters for the profiles' topics without the `native/` prefix.

        None of them is covered by another. For sites that name a default area.
        """
        filters = {r.pattern.filter for p in self.profiles.values() for r in p.routes}
        return sorted(f for f in filters if not any(o != f and covers(o, f) for o in filters))

    def decode(
        self,
        topic: str,
        payload: bytes,
        *,
        profile_of: ProfileOf,
        received: int,
        zone: str = DEFAULT_ZONE,
        births: Births | None = None,
    ) -> Decoded:
        """What a message says; DecodeError says why it says nothing.

        `received` in µs UTC and `zone`, an IANA name, are for devices whose times are relative or
        local. `births` remembers what Sparkplug B's nodes were born with; nothing else has a
        memory.
        """
        if topic.startswith("vigil/"):
            levels = topic.split("/")
            if len(levels) == 6 and levels[4] == "up" and levels[5]:  # the hot one
                return wire.decode_up(payload, levels[5], self._limits)
            return self._decode_own(topic, payload)
        match = self._match(topic) if len(topic) <= _SHORT else self._find(topic)
        if not match.candidates:
            raise DecodeError("topic", f"no profile reads the topic {topic[:200]!r}")
        message = Incoming(payload, received, zone, self._limits, match.place, births=births)
        if (decoded := _by_registry(match, message, profile_of)) is not None:
            return decoded
        return _Choice(profile_of, message).decode(list(match.candidates.values()))

    def _find(self, topic: str) -> Match:
        levels = topic.split("/")
        place = ("", "")
        if levels[0] == "native" and len(levels) > _NATIVE_PREFIX:
            place = levels[1], levels[2]
            levels = levels[_NATIVE_PREFIX:]
        candidates: dict[str, Candidate] = {}
        for route in self._tree.find(levels):
            if route.profile in candidates or (captures := route.capture(levels)) is None:
                continue
            same = (other for _, other in candidates.values() if other == captures)
            candidates[route.profile] = route, next(same, captures)
        return Match(place, candidates, _topic_device(place, candidates))

    def _decode_own(self, topic: str, payload: bytes) -> Decoded:
        address = topics.parse(topic)
        if address is None:
            raise DecodeError("topic", f"not a topic of gateways: {topic[:200]!r}")
        if address.kind == "status":
            return wire.decode_status(payload, self._limits)
        return wire.decode_up(payload, address.rest or None, self._limits)


def _topic_device(place: tuple[str, str], candidates: dict[str, Candidate]) -> str | None:
    for route, captures in candidates.values():
        try:
            return route.topic_device(Incoming(b"", 0, "", _LIMITS, place, captures))
        except DecodeError:  # no id is left of it: the careful way says so
            return None
    return None


def _by_registry(match: Match, message: Incoming, profile_of: ProfileOf) -> Decoded | None:
    """The plain case: the message is of a device that the registry knows, and its profile reads.

    Where the topic names the device nothing is parsed in vain. None for everything else: that is
    the work of `_Choice`.
    """
    named = match.device
    if named is not None:
        registered = profile_of(named)
        candidate = None if registered is None else match.candidates.get(registered)
    else:
        candidate = next(iter(match.candidates.values()))
    if candidate is None:
        return None
    route, captures = candidate
    try:
        reader = route.open(message, captures)
        device = reader.device(message)
        if device is None or (device != named and profile_of(device) != reader.profile):
            return None
        return reader.read(message)
    except DecodeError:
        return None  # the careful way says why


def _model(profile: Profile) -> Model:
    spec = profile.spec
    return Model(
        silence_us=(spec.silence_s or 0) * SECOND,
        mains=spec.mains,
        repeat_us=spec.repeats_s * SECOND,
    )


def profile_folders(*folders: Path | None) -> list[Path]:
    """Every folder with a profile in it, by name."""
    return [f.parent for where in folders if where for f in sorted(where.glob(f"*/{FILE}"))]


class _Choice:
    """One native message, and which of its candidates reads it."""

    def __init__(self, profile_of: ProfileOf, message: Incoming) -> None:
        self._profile_of = profile_of
        self._message = message
        self._elsewhere: DecodeError | None = None
        self._failures: list[DecodeError] = []
        self._registered: str | None = None
        self._own: DecodeError | None = None

    def decode(self, candidates: list[Candidate]) -> Decoded:
        opened: list[tuple[Reader, Incoming]] = []
        while candidates:
            route, captures = candidates.pop(0)
            try:
                message = self._message.beside()
                reader = route.open(message, captures)
                device = reader.device(message)
            except DecodeError as error:
                self._failures.append(error)
                if route.profile == self._registered:
                    self._own = error
                continue
            registered = None if device is None else self._profile_of(device)
            if registered == reader.profile:
                return _named(reader, message, device)
            if registered is not None:
                self._registered = registered
                text = f"the registry says that {device} is a {registered}, not a {reader.profile}"
                self._elsewhere = DecodeError("profile", text, device=device)
                _put_first(candidates, registered)
            opened.append((reader, message))
        return self._best(opened)

    def _best(self, opened: list[tuple[Reader, Incoming]]) -> Decoded:
        """A press or a fall before all; then the registry's word; then whatever says something."""
        results: list[Decoded] = []
        telling: tuple[int, Decoded | None] = (0, None)
        for reader, message in opened:
            try:
                result = _named(reader, message, None)
            except DecodeError as error:
                self._failures.append(error)
                continue
            results.append(result)
            if (much := _how_much(result)) > telling[0]:
                telling = much, result
            if reader.only_registered:
                _calm(result)
            elif any(is_emergency(r.values) for r in result.readings):
                return result
        if (reason := self._own or self._elsewhere) is not None:
            raise reason
        if telling[1] is not None:
            return telling[1]
        if results:
            return next((r for r in results if r.status is not None), results[0])
        if not self._failures:
            raise DecodeError("topic", "no profile reads it")
        raise next((f for f in self._failures if f.device is not None), self._failures[0])


def _put_first(candidates: list[Candidate], profile: str) -> None:
    candidates.sort(key=lambda one: one[0].profile != profile)


def _how_much(result: Decoded) -> int:
    """How much it says: readings, even empty ones, and their quantities."""
    return sum(1 + len(reading.values) for reading in result.readings)


def _calm(result: Decoded) -> None:
    """What means a press only from a device of the profile is none from any other."""
    for reading in result.readings:
        for name in ("sos", "fall"):
            reading.values.pop(name, None)


def _named(reader: Reader, message: Incoming, device: str | None) -> Decoded:
    try:
        return reader.read(message)
    except DecodeError as error:
        error.device = error.device or device
        raise
