"""What a profile.toml may say. Field descriptions are the language's reference."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from devices.language.paths import capture_name, parse_path
from devices.language.times import layout_regex
from devices.topics import Pattern
from schemas.directory import DeviceKind
from schemas.quantities import QUANTITIES, Choice, Number

Scalar = bool | int | float | str


def _list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _path(text: str) -> str:
    if capture_name(text) is None:
        parse_path(text)
    return text


def _topic(text: str) -> str:
    Pattern(text)
    if text.startswith(("vigil/", "native/", "$")):
        raise ValueError("a device's own topic: without native/{area}/{gateway}/ in front")
    return text


Path = Annotated[str, AfterValidator(_path)]
Paths = Annotated[list[Path], BeforeValidator(_list), Field(min_length=1)]
Scalars = Annotated[list[Scalar], BeforeValidator(_list), Field(min_length=1)]
Topic = Annotated[str, AfterValidator(_topic)]
When = dict[Path, Scalars]


class Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(Spec):
    """Where a quantity stands and how its raw value becomes canonical."""

    at: Paths = Field(description="where it stands; of several the first that says something")
    words: dict[str, Scalar] = Field(default={}, description="raw word → canonical word or number")
    unknown: Annotated[list[Scalar], BeforeValidator(_list)] = Field(
        default=[], description="raw values that mean unknown; null always does"
    )
    otherwise: Literal["reject", "unknown"] = Field(
        default="reject", description="what a word means that stands in neither list"
    )
    scale: float = Field(default=1, allow_inf_nan=False)
    offset: float = Field(default=0, description="added after `scale`", allow_inf_nan=False)
    above: float | None = Field(default=None, description="boolean: true if the number is larger")
    absent: Scalar | None = Field(default=None, description="the raw value that absence stands for")
    unless: Annotated[list[Path], BeforeValidator(_list)] = Field(
        default=[], description="`absent` holds not where one of these says something but false"
    )


class Time(Spec):
    at: Paths
    format: Literal["rfc3339", "epoch_s", "epoch_ms", "senml", "local"] = "rfc3339"
    layout: Annotated[str, AfterValidator(lambda t: layout_regex(t) and t)] | None = Field(
        default=None, description="of a `local` time, in the site's zone: %Y-%m-%d %H:%M:%S"
    )
    unknown: Annotated[list[Scalar], BeforeValidator(_list)] = Field(
        default=[""], description="raw values that mean no time"
    )

    @model_validator(mode="after")
    def _layout_is_local(self) -> Self:
        if self.layout is not None and self.format != "local":
            raise ValueError('`layout` belongs to format = "local"')
        return self


class Key(Spec):
    at: Paths
    kind: Literal["sequence", "id"] = Field(description="a counting number, or any text or number")


class Mark(Spec):
    """Says of a reading that it is a test, or of the past."""

    at: Paths
    values: Scalars = Field(default=[True], alias="is")


class Availability(Spec):
    """A topic that says whether the bridge, or one device behind it, is connected."""

    at: Paths = ["$"]
    of: Literal["gateway", "device"] = "gateway"
    online: Scalars = ["online"]
    offline: Scalars = ["offline"]


class Require(Spec):
    at: Paths
    hint: str = Field(description="what to do where it is missing")


class Case(Spec):
    """If every path in `when` holds one of its values, the quantities in `set` are these."""

    when: When = Field(min_length=1)
    set: dict[str, Scalar] = {}


class Message(Spec):
    """What one topic says."""

    topic: Topic
    payload: Literal["json", "text", "any", "form"] = Field(
        default="json", description="`any`: JSON where it is JSON, else text"
    )
    ignore: str | None = Field(default=None, description="why it carries nothing")
    when: When = Field(default={}, description="this variant only where these hold")
    fields: dict[Annotated[str, Field(pattern="^[a-z_]+$")], Paths] = Field(
        default={}, description="names for places with alternatives, for use in `when`"
    )
    fold_keys: bool = Field(default=False, description="device_info = device info = deviceInfo")
    embedded: Annotated[list[Path], BeforeValidator(_list)] = Field(
        default=[], description="JSON inside text: parsed in its place"
    )
    each: Path | None = Field(default=None, description="the array whose records are readings")
    device: Paths = ["{id}"]
    require: list[Require] = []
    time: Time | None = None
    key: Key | None = None
    test: Mark | None = None
    history: Mark | None = None
    availability: Availability | None = None
    value: dict[str, Value] = {}
    case: list[Case] = []
    otherwise: Literal["reject", "nothing"] = Field(
        default="reject", description="what it means if no case holds"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        captures = Pattern(self.topic).names
        for path in self._paths():
            name = capture_name(path)
            if name is not None and name not in captures and not self._deviceless():
                raise ValueError(f"{{{name}}} is no capture of the topic {self.topic!r}")
        for name in [*self.value, *(n for c in self.case for n in c.set)]:
            if name not in QUANTITIES:
                known = ", ".join(QUANTITIES)
                raise ValueError(f"{name!r} is no canonical quantity: {known}")
        for name, value in self.value.items():
            _check_value(name, value)
        for case in self.case:
            for name, word in case.set.items():
                code(name, word)
        return self

    def _deviceless(self) -> bool:
        of = self.availability.of if self.availability else None
        return self.ignore is not None or of == "gateway"

    def _paths(self) -> list[str]:
        at = [self.device] + [v.at for v in self.value.values()]
        at += [s.at for s in (self.time, self.key, self.test, self.history) if s is not None]
        return [path for paths in at for path in paths]


def code(name: str, word: Scalar) -> float | int:
    """A canonical word or number as it stands in a reading; ValueError names what would do."""
    quantity = QUANTITIES[name]
    if isinstance(quantity, Number):
        if isinstance(word, int | float) and not isinstance(word, bool):
            return word
        raise ValueError(f"{name} is a number ({quantity.unit}), not {word!r}")
    return quantity.code(str(word).lower() if isinstance(word, bool) else str(word))


def _check_value(name: str, value: Value) -> None:
    quantity = QUANTITIES[name]
    for word in value.words.values():
        code(name, word)
    is_number = isinstance(quantity, Number)
    is_bool = isinstance(quantity, Choice) and quantity.is_bool
    if not is_number and not is_bool and not value.words:
        raise ValueError(f"{name} needs `words`: which of the device's words means what")
    if value.above is not None and not is_bool:
        raise ValueError(f"`above` makes a boolean of a number; {name} is none")
    if (value.scale != 1 or value.offset != 0) and not is_number:
        raise ValueError(f"`scale` and `offset` are for numbers; {name} is none")


class Profile(Spec):
    """One device model, as one way of connecting speaks."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="the folder's name")
    name: str
    kinds: list[DeviceKind] = Field(min_length=1)
    source: Literal["documents", "hardware"] = Field(
        description="written from documents, or tried on the real thing"
    )
    mains: bool = Field(default=False, description="not on battery: a short silence is a fault")
    interval_s: int = Field(gt=0, le=7 * 86_400, description="the longest gap between reports")
    decoder: Literal["canonical"] | None = Field(default=None, description="code, not a mapping")
    message: list[Message] = []

    @model_validator(mode="after")
    def _reads_something(self) -> Self:
        if (self.decoder is None) != bool(self.message):
            raise ValueError("a profile has [[message]] tables, or a decoder in code")
        return self
