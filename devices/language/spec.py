"""What a profile.toml may say. Field descriptions are the language's reference."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from devices.language.parts import (
    Availability,
    Case,
    Entry,
    Frame,
    Key,
    Mark,
    MaybePaths,
    Meaning,
    Path,
    Paths,
    Places,
    Require,
    Scalar,
    Spec,
    Time,
    Topics,
    Value,
    When,
    as_list,
)
from devices.language.paths import PLACE, capture_names
from devices.language.toml import MistakeError
from devices.topics import Pattern
from schemas.directory import DeviceKind
from schemas.quantities import QUANTITIES, Choice, Number

__all__ = [
    "Availability",
    "Case",
    "Entry",
    "Frame",
    "Key",
    "Mark",
    "Message",
    "Profile",
    "Require",
    "Scalar",
    "Spec",
    "Time",
    "Value",
    "code",
]


class Message(Spec):
    """What one topic says."""

    topic: Topics = Field(description="the device's own topic: {name}, + and a last # vary")
    payload: Literal[
        "json", "text", "any", "form", "list", "pairs", "binary", "senml", "sparkplug_b"
    ] = Field(default="json", description="what the payload is")
    separator: str | None = Field(
        default=None, min_length=1, description="of a `list` (,) or `pairs` (;)"
    )
    equals: str = Field(default="=", min_length=1, description="within `pairs`")
    ignore: str | None = Field(default=None, description="why it carries nothing")
    when: When = Field(default={}, description="this variant only where these hold")
    has: MaybePaths = Field(default=[], description="this variant only where these all stand")
    lacks: MaybePaths = Field(default=[], description="this variant only where none of these does")
    fields: dict[Annotated[str, Field(pattern="^[a-z_]+$")], Paths] = Field(
        default={}, description="names for places with alternatives, for use in `when`"
    )
    fold_keys: bool = Field(default=False, description="device_info = device info = deviceInfo")
    embedded: MaybePaths = Field(default=[], description="JSON inside text: parsed in its place")
    frame: list[Frame] = Field(default=[], description="binary frames inside the payload")
    births: Path | None = Field(
        default=None,
        description="of Sparkplug B: the node whose births name what comes by alias alone, as "
        "{group}/{edge}; the topic's {type} says what the message is",
    )
    each: Places = Field(
        default=[],
        description="the arrays (or objects{}) whose records are readings; of a list of places "
        "those that are there, and an object is a record itself",
    )
    device: Paths = Field(default=["{id}"], description="where the device's id stands")
    require: list[Require] = Field(default=[], description="places that must say something")
    time: Annotated[list[Time], BeforeValidator(as_list)] = Field(
        default=[], description="the device's own time; of a list the first that says something"
    )
    key: Key | None = Field(default=None, description="sequence or wrapper's id")
    test: Annotated[list[Mark | bool], BeforeValidator(as_list)] = Field(
        default=[], description="marks a test; true: always"
    )
    history: Annotated[list[Mark | bool], BeforeValidator(as_list)] = Field(
        default=[], description="marks a frame from the past; true: always"
    )
    availability: Availability | None = Field(default=None, description="online or offline")
    value: dict[str, Value] = Field(default={}, description="quantity → where and how it is said")
    set: dict[str, Scalar] = Field(
        default={}, description="what every such message says; a fall set here is an event"
    )
    case: list[Case] = Field(default=[], description="quantities by what several places hold")
    otherwise: Literal["reject", "nothing"] = Field(
        default="reject", description="what it means if no case holds"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        captures = {*PLACE, *(name for topic in self.topic for name in Pattern(topic).names)}
        if any("{}" in each for each in self.each):
            captures.add("key")
        for loc, path in self._paths():
            strange = [name for name in capture_names(path) if name not in captures]
            if strange and not self._deviceless():
                raise MistakeError(loc, f"{{{strange[0]}}} is no capture of the topic")
        if self.births is not None and (self.payload != "sparkplug_b" or "type" not in captures):
            text = "`births` belongs to the payload sparkplug_b, on a topic with {type}"
            raise MistakeError(("births",), text)
        if self.separator is not None and self.payload not in ("list", "pairs"):
            raise MistakeError(("separator",), "`separator` belongs to the payloads list and pairs")
        for name, value in self.value.items():
            _check_value(name, value)
        _check_words(("set",), self.set)
        for number, case in enumerate(self.case):
            _check_words(("case", number, "set"), case.set)
            _check_meaning(("case", number, "as"), case.as_, case.set)
        return self

    def _deviceless(self) -> bool:
        of = self.availability.of if self.availability else None
        return self.ignore is not None or of == "gateway"

    def _paths(self) -> Iterator[tuple[tuple[str, ...], str]]:
        yield from ((("device",), path) for path in self.device)
        if self.births is not None:
            yield ("births",), self.births
        for name, value in self.value.items():
            yield from ((("value", name, "at"), path) for path in value.at)
        if self.key is not None:
            yield from ((("key", "at"), path) for path in self.key.at)
        for part in ("time", "test", "history"):
            for one in getattr(self, part):
                if isinstance(one, Time | Mark):
                    yield from (((part,), path) for path in one.at)


def code(name: str, word: Scalar) -> float | int:
    """A canonical word or number as it stands in a reading; ValueError names what would do."""
    if name not in QUANTITIES:
        raise ValueError(f"{name!r} is no canonical quantity: {', '.join(QUANTITIES)}")
    quantity = QUANTITIES[name]
    if isinstance(quantity, Number):
        if isinstance(word, int | float) and not isinstance(word, bool):
            return word
        raise ValueError(f"{name} is a number ({quantity.unit}), not {word!r}")
    return quantity.code(str(word).lower() if isinstance(word, bool) else str(word))


def _check_words(loc: tuple[str | int, ...], words: dict[str, Scalar]) -> None:
    for name, word in words.items():
        try:
            code(name, word)
        except ValueError as error:
            raise MistakeError((*loc, name), str(error)) from None


def _check_meaning(
    loc: tuple[str | int, ...], meaning: Meaning | None, names: dict[str, Scalar]
) -> None:
    if meaning is not None and not {"sos", "fall"} & set(names):
        raise MistakeError(loc, "`as` is for sos and fall: other quantities are levels")


def _check_value(name: str, value: Value) -> None:
    """MistakeError the key that does not fit the quantity."""
    at = ("value", name)
    if name not in QUANTITIES:
        raise MistakeError(at, f"{name!r} is no canonical quantity: {', '.join(QUANTITIES)}")
    for raw, word in value.words.items():
        try:
            code(name, word)
        except ValueError as error:
            text = f"{error} (a word that says nothing of it belongs into `unknown`)"
            raise MistakeError((*at, "words", raw), text) from None
    _check_meaning((*at, "as"), value.as_, {name: True})
    quantity = QUANTITIES[name]
    is_number = isinstance(quantity, Number)
    is_bool = isinstance(quantity, Choice) and quantity.is_bool
    if not is_number and not is_bool and not value.words:
        raise MistakeError(at, f"{name} needs `words`: which of the device's words means what")
    if value.above is not None and not is_bool:
        raise MistakeError((*at, "above"), f"`above` makes a boolean of a number; {name} is none")
    for key, default in (("scale", 1), ("offset", 0), ("least", None), ("most", None)):
        if getattr(value, key) != default and not is_number:
            raise MistakeError((*at, key), f"`{key}` is for numbers; {name} is none")


class Profile(Spec):
    """One device model, as one way of connecting speaks."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="the folder's name")
    name: str = Field(description="for people: maker, model, and through what")
    kinds: list[DeviceKind] = Field(
        min_length=1, description="what it is to the rules: mattress, fall_sensor, sos_button"
    )
    source: Literal["documents", "hardware"] = Field(
        description="written from documents, or tried on the real thing"
    )
    mains: bool = Field(default=False, description="not on battery: a short silence is a fault")
    interval_s: int = Field(gt=0, le=7 * 86_400, description="the longest gap between reports")
    silence_s: int | None = Field(
        default=None,
        gt=0,
        le=31 * 86_400,
        description="silent after this long, if 3 × the device's interval is not longer",
    )
    repeats_s: int = Field(
        default=300,
        gt=0,
        le=86_400,
        description="an sos that is a level and is said again within this is the same press",
    )
    only_registered: bool = Field(
        default=False,
        description="a press or a fall only from devices that the registry gives this profile: for "
        "messages that mean something else from other devices",
    )
    decoder: Literal["canonical"] | None = Field(default=None, description="code, not a mapping")
    message: list[Message] = Field(default=[], description="what each topic says")

    @model_validator(mode="after")
    def _reads_something(self) -> Self:
        if (self.decoder is None) != bool(self.message):
            raise ValueError("a profile has [[message]] tables, or a decoder in code")
        return self

    @model_validator(mode="after")
    def _every_variant_is_reached(self) -> Self:
        always: set[str] = set()
        for number, message in enumerate(self.message):
            if lost := always & set(message.topic):
                text = f"never reached: an earlier table takes every message on {min(lost)!r}"
                raise MistakeError(("message", number, "topic"), text)
            if not (message.when or message.has or message.lacks):
                always |= set(message.topic)
        return self
