"""examples.toml: what a model's messages say, and which of them are refused and why.

Test, document and reference at once. Run by `check`.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from devices.births import Births
from devices.catalogue import Catalogue
from devices.decoded import Decoded, DecodeError, Reading, hashed_key
from devices.language.toml import load
from schemas.quantities import QUANTITIES, Choice
from schemas.readings import Flag
from schemas.times import to_micros

FILE = "examples.toml"


def _text(value: Any) -> Any:
    """Times may be written as TOML's own, numbers and words as they are."""
    return value.isoformat() if isinstance(value, datetime) else value


class Expected(BaseModel):
    """A reading as an example writes it: quantities beside the rest, in canonical words.

    `key` is a number, or the wrapper's id that it is the hash of. `level`: its sos is a level;
    `event`: its fall is an event. What is not named is expected to be absent.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    device: str
    ts: Annotated[str | None, BeforeValidator(_text)] = None
    key: int | str | None = None
    test: bool = False
    history: bool = False
    level: bool = False
    event: bool = False

    @model_validator(mode="after")
    def _quantities(self) -> Self:
        for name, value in (self.model_extra or {}).items():
            if name not in QUANTITIES:
                raise ValueError(f"{name!r} is no canonical quantity: {', '.join(QUANTITIES)}")
            quantity = QUANTITIES[name]
            if isinstance(quantity, Choice):
                quantity.code(_word(value))
        return self

    def plain(self) -> dict[str, Any]:
        key = hashed_key(self.key) if isinstance(self.key, str) else self.key
        ts = None if self.ts is None else to_micros(datetime.fromisoformat(self.ts))
        flags = self.test * Flag.TEST | self.history * Flag.HISTORY
        flags |= self.level * Flag.SOS_LEVEL | self.event * Flag.FALL_EVENT
        return {"device": self.device, "ts": ts, "key": key, "flags": int(flags)} | {
            name: _number(name, value) for name, value in (self.model_extra or {}).items()
        }


class Before(BaseModel):
    """A message that came before, of which the decoder remembers something: a birth."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: str
    payload: str | None = None
    payload_hex: str | None = Field(default=None, pattern="^([0-9a-fA-F]{2})*$")

    @model_validator(mode="after")
    def _one_payload(self) -> Self:
        if (self.payload is None) == (self.payload_hex is None):
            raise ValueError("either `payload` or `payload_hex`")
        return self

    def bytes(self) -> bytes:
        if self.payload_hex is not None:
            return bytes.fromhex(self.payload_hex)
        return (self.payload or "").encode()


class Example(Before):
    """A message, and either the readings, the status or the reject it gives.

    `topic` is the device's own, or one of ours in full. The registry knows every device under the
    example's profile, unless `unknown_device`.
    """

    note: str = Field(min_length=1)
    before: list[Before] = Field(default=[], description="what was said before, in order")
    unknown_device: bool = False
    zone: str = "Asia/Shanghai"
    received: Annotated[str, BeforeValidator(_text)] = "2026-01-01T00:00:00Z"
    reading: list[Expected] = []
    rejects: list[str] = Field(default=[], description="codes of array entries that are refused")
    status: Literal["online", "offline"] | None = None
    ignored: bool = False
    reject: str | None = Field(default=None, description="the code the whole message is refused by")

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        says = bool(self.reading or self.rejects)
        if says + (self.status is not None) + self.ignored + (self.reject is not None) != 1:
            raise ValueError("one outcome: [[example.reading]], status, ignored or reject")
        return self


class Examples(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    example: list[Example] = Field(min_length=1)


def load_examples(folder: Path) -> list[Example]:
    """ProfileError with file, line and key of every problem, FileNotFoundError if there is none."""
    return load(folder / FILE, Examples).example


def full_topic(example: Before) -> str:
    """The example's topic as a gateway would publish it."""
    if example.topic.startswith(("vigil/", "native/")):
        return example.topic
    return f"native/330105001001/gw0001/{example.topic}"


def run(example: Example, profile: str, catalogue: Catalogue) -> str | None:
    """None if the example holds, else what came instead."""
    births = Births()

    def decode(message: Before) -> Decoded:
        return catalogue.decode(
            full_topic(message),
            message.bytes(),
            profile_of=lambda _device: None if example.unknown_device else profile,
            received=to_micros(datetime.fromisoformat(example.received)),
            zone=example.zone,
            births=births,
        )

    try:
        for message in example.before:
            decode(message)
    except DecodeError as error:
        return f"what was said before is refused: {error.code}: {error}"
    try:
        decoded = decode(example)
    except DecodeError as error:
        if error.code == example.reject:
            return None
        return f"refused: {error.code}: {error}"
    return _difference(example, profile, decoded)


def _difference(example: Example, profile: str, decoded: Decoded) -> str | None:
    if decoded.profile != profile and not (example.ignored and decoded.ignored):
        return f"read by {decoded.profile}, not by {profile}"
    wanted = _outcome(
        [e.plain() for e in example.reading], example.rejects, example.status, example.ignored
    )
    status = None
    if decoded.status is not None:
        status = "online" if decoded.status.online else "offline"
    got = _outcome(
        [_plain(r) for r in decoded.readings],
        [r.code for r in decoded.rejects],
        status,
        decoded.ignored is not None,
    )
    if example.reject is None and got == wanted:
        return None
    expected = f"a reject {example.reject!r}" if example.reject else wanted
    return f"expected {expected}, got {got}"


def _outcome(*parts: Any) -> dict[str, Any]:
    return dict(zip(("readings", "rejects", "status", "ignored"), parts, strict=True))


def _plain(reading: Reading) -> dict[str, Any]:
    # Whether a zone had to be assumed follows from the profile's time format: no example says it.
    flags = reading.flags & ~Flag.ZONE_ASSUMED
    head = {"device": reading.device, "ts": reading.ts, "key": reading.key, "flags": flags}
    return head | reading.values


def _number(name: str, value: Any) -> float | int:
    quantity = QUANTITIES[name]
    return quantity.code(_word(value)) if isinstance(quantity, Choice) else value


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
