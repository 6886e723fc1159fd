"""The tables below a `[[message]]` of a profile.toml. See `spec` for the message itself."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from devices.language.binary import parse_item
from devices.language.each import parse_each
from devices.language.paths import capture_names, parse_path
from devices.language.times import layout_regex
from devices.language.toml import MistakeError
from devices.topics import Pattern

Scalar = bool | int | float | str


def as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _path(text: str) -> str:
    if not capture_names(text):
        parse_path(text)
    return text


def _topic(text: str) -> str:
    Pattern(text)
    if text.startswith(("vigil/", "native/", "$")):
        raise ValueError("a device's own topic: without native/{area}/{gateway}/ in front")
    return text


def each_text(text: str) -> str:
    parse_each(text)
    return text


def _item(text: str) -> str:
    parse_item(text)
    return text


Path = Annotated[str, AfterValidator(_path)]
Paths = Annotated[list[Path], BeforeValidator(as_list), Field(min_length=1)]
MaybePaths = Annotated[list[Path], BeforeValidator(as_list)]
Scalars = Annotated[list[Scalar], BeforeValidator(as_list), Field(min_length=1)]
MaybeScalars = Annotated[list[Scalar], BeforeValidator(as_list)]
MaybeTexts = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(as_list)]
Topic = Annotated[str, AfterValidator(_topic)]
Topics = Annotated[list[Topic], BeforeValidator(as_list), Field(min_length=1)]
Places = Annotated[list[Annotated[str, AfterValidator(each_text)]], BeforeValidator(as_list)]
When = dict[Path, Scalars]
Meaning = Literal["event", "level"]


class Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class Value(Spec):
    """Where a quantity stands and how its raw value becomes canonical."""

    at: Paths = Field(description="where it stands; of several the first that says something")
    words: dict[str, Scalar] = Field(default={}, description="raw word → canonical word or number")
    unknown: MaybeScalars = Field(
        default=[], description="raw values that mean unknown; null always does"
    )
    otherwise: Literal["reject", "unknown"] = Field(
        default="reject", description="what a word means that stands in neither list"
    )
    suffix: MaybeTexts = Field(
        default=[], description="units that may stand behind a number in text, such as %"
    )
    bit: int | None = Field(
        default=None, ge=0, le=62, description="take this bit (from 0) of a number: 0 or 1"
    )
    scale: float = Field(default=1, allow_inf_nan=False, description="a number is multiplied by it")
    offset: float = Field(default=0, allow_inf_nan=False, description="added after `scale`")
    least: float | None = Field(default=None, description="a smaller number is taken as this one")
    most: float | None = Field(default=None, description="a larger number is taken as this one")
    above: float | None = Field(default=None, description="boolean: true if the number is larger")
    absent: Scalar | None = Field(default=None, description="the raw value that absence stands for")
    split: str | None = Field(
        default=None,
        min_length=1,
        description="several values in one text: a press or a fall counts, else the last",
    )
    unless: MaybePaths = Field(
        default=[], description="`absent` holds not where one of these says something but false"
    )
    as_: Meaning | None = Field(
        default=None,
        alias="as",
        description="`level`: a state that repeats while it holds, only its beginning counts (the "
        "default for fall); `event`: each message counts (the default for sos)",
    )


class Time(Spec):
    """The device's own time; without one the received time counts."""

    at: Paths = Field(description="where it stands")
    format: Literal["rfc3339", "epoch_s", "epoch_ms", "epoch", "senml", "local"] = Field(
        default="rfc3339",
        description="`epoch`: seconds, milliseconds, micro- or nanoseconds, told by their size; "
        "`senml`: seconds, below 2^28 relative to the received time; `local`: the site's own time",
    )
    clock: MaybePaths = Field(
        default=[],
        description="where the time of day stands, if the date stands apart: `layout` is of both, "
        "with a space between",
    )
    layout: Annotated[str, AfterValidator(lambda t: layout_regex(t) and t)] | None = Field(
        default=None, description="of a `local` time, in the site's zone: %Y-%m-%d %H:%M:%S"
    )
    unknown: MaybeScalars = Field(default=[""], description="raw values that mean no time")

    @model_validator(mode="after")
    def _layout_is_local(self) -> Self:
        if self.layout is not None and self.format != "local":
            raise MistakeError(("layout",), '`layout` belongs to format = "local"')
        if self.clock and self.format != "local":
            raise MistakeError(("clock",), '`clock` belongs to format = "local"')
        return self


class Key(Spec):
    """What tells a repetition from a new reading."""

    at: Paths = Field(description="where it stands")
    kind: Literal["sequence", "id"] = Field(
        description="a whole number that counts, or a wrapper's id (any text or number)"
    )
    absent: int | None = Field(
        default=None, ge=0, description="the number that absence stands for: bridges leave 0 out"
    )


class Mark(Spec):
    """Says of a reading that it is a test, or of the past."""

    at: Paths = Field(description="where the marker stands")
    values: Scalars = Field(default=[True], alias="is", description="the values that mark")
    present: bool = Field(default=False, description="any value marks: it only has to be there")


class Availability(Spec):
    """A topic that says whether the bridge, or one device behind it, is connected."""

    at: Paths = Field(default=["$"], description="where the word stands")
    of: Literal["gateway", "device"] = Field(
        default="gateway", description="`device`: read and passed over; silence is judged by rules"
    )
    online: Scalars = Field(default=["online"], description="the words for connected")
    offline: Scalars = Field(default=["offline"], description="the words for gone")


class Require(Spec):
    """A place without which the message is refused."""

    at: Paths = Field(description="where something must stand")
    hint: str = Field(description="what to do where it is missing")


class Case(Spec):
    """If every path in `when` holds one of its values, the quantities in `set` are these."""

    when: When = Field(min_length=1, description="place → the values that will do")
    set: dict[str, Scalar] = Field(default={}, description="quantity → canonical word or number")
    as_: Meaning | None = Field(default=None, alias="as", description="as in `value`")


class Entry(Spec):
    """A piece of a binary frame."""

    tag: str = Field(
        pattern="^([0-9a-fA-F]{2}){0,8}$", description="its first bytes in hexadecimal, or nothing"
    )
    read: list[Annotated[str, AfterValidator(_item)]] = Field(
        min_length=1, description="what follows, as name:type"
    )
    list_: str | None = Field(
        default=None,
        alias="list",
        pattern="^[A-Za-z0-9_]+$",
        description="it may come several times: each is an object of the array at this key",
    )


class Frame(Spec):
    """A binary frame inside the payload, read by a table."""

    at: Paths = Field(description="where the frame stands as text")
    encoding: Literal["base64", "hex"] = Field(default="base64", description="how it is written")
    into: str = Field(
        default="frame", pattern="^[A-Za-z0-9_]+$", description="the key its values then stand at"
    )
    unless: MaybePaths = Field(default=[], description="not where something stands here already")
    entries: list[Entry] = Field(min_length=1, description="its pieces, in any order")
