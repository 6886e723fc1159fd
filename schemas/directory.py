"""The directory: who lives where, with which devices, and who answers. One model a CSV file.

Names, addresses and phones live only here and in what the stations side reads (I10).
"""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from schemas.topics import ID_PATTERN, MARKER_AREA

DEFAULT_ZONE = "Asia/Shanghai"


class Level(StrEnum):
    """四级: a post on one level of the network."""

    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"


class Living(StrEnum):
    LONE = "lone"
    EMPTY_NEST = "empty_nest"
    LEFT_BEHIND = "left_behind"
    WITH_FAMILY = "with_family"


class DeviceKind(StrEnum):
    MATTRESS = "mattress"
    FALL_SENSOR = "fall_sensor"
    SOS_BUTTON = "sos_button"


class Location(StrEnum):
    BED = "bed"
    SHARED_BED = "shared_bed"
    GUEST_BED = "guest_bed"
    ROOM = "room"
    WORN = "worn"
    WALL = "wall"


class Role(StrEnum):
    DUTY = "duty"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"no such time zone: {text!r} (an IANA name, such as Asia/Shanghai)"
        ) from None
    return text


def _not_reserved(text: str) -> str:
    if text == MARKER_AREA:
        raise ValueError(f"{MARKER_AREA!r} is reserved")
    return text


def _words(value: object) -> object:
    """A cell with several words: separated by `;` or `,`."""
    if isinstance(value, str):
        return tuple(w.strip() for w in value.replace(";", ",").split(",") if w.strip())
    return value


def _weekdays(days: tuple[str, ...]) -> tuple[str, ...]:
    if days == ("daily",):
        return WEEKDAYS
    wrong = [d for d in days if d not in WEEKDAYS]
    if wrong or not days:
        raise ValueError(f"weekdays are {','.join(WEEKDAYS)} or daily; got {wrong or 'nothing'}")
    return days


def _aware(when: datetime) -> datetime:
    if when.tzinfo is None:
        raise ValueError("a time with its zone, such as 2026-01-31T08:00:00+08:00")
    return when


Id = Annotated[str, Field(pattern=ID_PATTERN), AfterValidator(_not_reserved)]
Zone = Annotated[str, AfterValidator(_zone)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Weekdays = Annotated[Words, AfterValidator(_weekdays)]
Aware = Annotated[datetime, AfterValidator(_aware)]


class Row(BaseModel):
    """A row of a CSV file; an empty cell means "not given"."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    file: ClassVar[str]


class Area(Row):
    file = "areas.csv"
    id: Id
    name: str
    level: Level
    parent: Id | None = None
    zone: Zone | None = Field(default=None, description="inherited from the parent if empty")


class Station(Row):
    file = "stations.csv"
    id: Id
    name: str
    area: Id
    phone: str | None = None


class Home(Row):
    file = "homes.csv"
    id: Id
    area: Id
    address: str
    door_note: str | None = None


class Elder(Row):
    file = "elders.csv"
    id: Id
    name: str
    home: Id
    living: Living
    care_level: int = Field(ge=0, le=4, description="0 able … 4 complete loss (GB/T 42195-2022)")
    tags: Words = ()
    birth_year: int | None = Field(default=None, ge=1890, le=2100)
    phone: str | None = None
    doctor: str | None = None
    zone: Zone | None = None
    note: str | None = None


class Gateway(Row):
    file = "gateways.csv"
    id: Id
    area: Id


class Device(Row):
    file = "devices.csv"
    id: Id
    kind: DeviceKind
    profile: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    gateway: Id
    elder: Id | None = None
    home: Id | None = None
    location: Location
    interval_s: int = Field(gt=0, le=7 * 86_400, description="longest gap between its reports")

    @model_validator(mode="after")
    def _one_owner(self) -> Device:
        if (self.elder is None) == (self.home is None):
            raise ValueError(
                "a device belongs to an elder or to a home: fill exactly one of the two"
            )
        return self


class Contact(Row):
    file = "contacts.csv"
    elder: Id
    name: str
    relation: str
    phone: str
    priority: int = Field(ge=1)


class Staff(Row):
    file = "staff.csv"
    id: Id
    name: str
    station: Id
    role: Role
    phone: str | None = None


class Duty(Row):
    """A weekly shift, of every week or of those between two days."""

    file = "duty.csv"
    station: Id
    staff: Id
    weekdays: Weekdays
    starts: time
    ends: time = Field(description="at or before `starts`: on the next day")
    since: date | None = Field(default=None, alias="from", description="the first day it may begin")
    until: date | None = Field(default=None, description="the last day it may begin")

    @model_validator(mode="after")
    def _in_order(self) -> Duty:
        if self.since is not None and self.until is not None and self.until < self.since:
            raise ValueError("a shift's last day does not lie before its first")
        return self


class DutyDate(Row):
    """A date that differs from the weekly calendar: a worker works besides (`works`), or shifts
    that begin on it do not run (the worker's, or without one the station's)."""

    file = "duty_dates.csv"
    station: Id
    date: date
    staff: Id | None = None
    works: bool
    starts: time | None = None
    ends: time | None = Field(default=None, description="at or before `starts`: on the next day")

    @model_validator(mode="after")
    def _whole(self) -> DutyDate:
        given = [v is not None for v in (self.starts, self.ends)]
        if self.works and not (all(given) and self.staff is not None):
            raise ValueError("who works besides is named with staff, starts and ends")
        if not self.works and any(given):
            raise ValueError("a day off has no hours: leave starts and ends empty")
        return self


class Away(Row):
    file = "away.csv"
    elder: Id
    start: Aware = Field(alias="from")
    until: Aware

    @model_validator(mode="after")
    def _expires(self) -> Away:
        if not 0 < (self.until - self.start).total_seconds() <= 30 * 86_400:
            raise ValueError("away ends after it begins, and within 30 days")
        return self


class Override(Row):
    file = "overrides.csv"
    elder: Id
    rule: str
    parameter: str
    value: str


class Directory(BaseModel):
    """Everything the folder says, checked row by row; see `schemas.registry_csv` for the rest."""

    model_config = ConfigDict(frozen=True)

    areas: tuple[Area, ...] = ()
    stations: tuple[Station, ...] = ()
    homes: tuple[Home, ...] = ()
    elders: tuple[Elder, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    devices: tuple[Device, ...] = ()
    contacts: tuple[Contact, ...] = ()
    staff: tuple[Staff, ...] = ()
    duty: tuple[Duty, ...] = ()
    duty_dates: tuple[DutyDate, ...] = ()
    away: tuple[Away, ...] = ()
    overrides: tuple[Override, ...] = ()


MODELS: dict[str, type[Row]] = {
    "areas": Area,
    "stations": Station,
    "homes": Home,
    "elders": Elder,
    "gateways": Gateway,
    "devices": Device,
    "contacts": Contact,
    "staff": Staff,
    "duty": Duty,
    "duty_dates": DutyDate,
    "away": Away,
    "overrides": Override,
}
OPTIONAL = frozenset({"away", "duty_dates", "overrides"})
"""Files that a folder may lack."""


def without_persons(directory: Directory) -> Directory:
    """The same directory with ids for names, and no address, phone, doctor, contact or note: what
    a replay needs, and may be shown."""
    nobody = {"phone": None, "doctor": None, "note": None, "birth_year": None}
    return directory.model_copy(
        update={
            "homes": tuple(
                h.model_copy(update={"address": h.id, "door_note": None}) for h in directory.homes
            ),
            "elders": tuple(e.model_copy(update=nobody | {"name": e.id}) for e in directory.elders),
            "staff": tuple(
                s.model_copy(update={"name": s.id, "phone": None}) for s in directory.staff
            ),
            "contacts": (),
        }
    )
