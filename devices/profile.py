"""A device model ready for work: what it is, and a route for each of its topics."""

from dataclasses import dataclass
from pathlib import Path

from devices.decoded import DecodeError
from devices.language import spec
from devices.language.reader import Reader
from devices.language.toml import load
from devices.message import Incoming
from devices.topics import Captures, Pattern

FILE = "profile.toml"


class Route:
    """One topic of one profile. Several variants may share it: the first that applies reads."""

    def __init__(self, profile: str, topic: str, readers: list[Reader]) -> None:
        self.profile = profile
        self.pattern = Pattern(topic)
        self.capture = self.pattern.capturer()
        self._readers = readers

    def topic_device(self, incoming: Incoming) -> str | None:
        """The device as far as the topic tells it; its captures are in place."""
        return self._readers[0].topic_device(incoming)

    def open(self, message: Incoming, captures: Captures) -> Reader:
        """The variant that applies, the message loaded for it; DecodeError if none does.

        Variants may differ in the kind of payload; each kind is parsed once a message.
        """
        message.captures = captures
        failure: DecodeError | None = None
        loading: str | None = None
        for reader in self._readers:
            if reader.ignore is None and reader.loading != loading:
                try:
                    reader.load(message)
                except DecodeError as error:
                    failure = failure or error
                    continue
                loading = reader.loading
            applies = reader.applies
            if applies is None or applies(message):
                return reader
        if failure is not None:
            failure.device = self._readers[0].topic_device(message)
            raise failure
        text = f"no variant of {self.profile} on {self.pattern.text} fits this payload"
        raise DecodeError("shape", text, device=self._readers[0].topic_device(message))


@dataclass(frozen=True)
class Profile:
    """`spec` says what it is; `routes` is empty for a decoder in code."""

    spec: spec.Profile
    folder: Path
    routes: tuple[Route, ...]

    @property
    def id(self) -> str:
        return self.spec.id


def load_profile(folder: Path) -> Profile:
    """The compiled profile of a folder; ProfileError with file, line and key of every problem."""
    read = load(folder / FILE, spec.Profile)
    topics: dict[str, list[Reader]] = {}
    for message in read.message:
        reader = Reader(read, message)
        for topic in message.topic:
            topics.setdefault(topic, []).append(reader)
    routes = tuple(Route(read.id, topic, readers) for topic, readers in topics.items())
    return Profile(read, folder, routes)
