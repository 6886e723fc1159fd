"""A small town for tests: two communities under a street, a district and a city."""

from collections.abc import Mapping

from schemas.directory import (
    Area,
    Contact,
    Device,
    DeviceKind,
    Directory,
    Duty,
    Elder,
    Gateway,
    Home,
    Level,
    Living,
    Location,
    Role,
    Staff,
    Station,
)

CITY, DISTRICT, STREET = "330100000000", "330105000000", "330105001000"
EAST, WEST = "330105001001", "330105001002"

_STATIONS = (
    Station(id="city", name="市中心", area=CITY),
    Station(id="district", name="区中心", area=DISTRICT),
    Station(id="street", name="街道中心", area=STREET),
    Station(id="east", name="东站", area=EAST),
    Station(id="west", name="西站", area=WEST),
)


def town(*, homes: int = 2) -> Directory:
    """Homes h1.. alternate between east and west; home hN has a lone elder eN, a gateway gN, a
    mattress mN, a radar rN and a button bN, all on the canonical wire."""
    numbers = range(1, homes + 1)
    area_of = {n: EAST if n % 2 else WEST for n in numbers}
    return Directory.model_validate(
        {
            "areas": (
                Area(id=CITY, name="某市", level=Level.CITY, zone="Asia/Shanghai"),
                Area(id=DISTRICT, name="某区", level=Level.DISTRICT, parent=CITY),
                Area(id=STREET, name="某街道", level=Level.STREET, parent=DISTRICT),
                Area(id=EAST, name="东社区", level=Level.COMMUNITY, parent=STREET),
                Area(id=WEST, name="西社区", level=Level.COMMUNITY, parent=STREET),
            ),
            "stations": _STATIONS,
            "homes": tuple(
                Home(id=f"h{n}", area=area_of[n], address=f"幸福路{n}号", door_note="钥匙在门卫")
                for n in numbers
            ),
            "elders": tuple(
                Elder(
                    id=f"e{n}",
                    name=f"老人{n}",
                    home=f"h{n}",
                    living=Living.LONE,
                    care_level=1,
                    birth_year=1940,
                )
                for n in numbers
            ),
            "gateways": tuple(Gateway(id=f"g{n}", area=area_of[n]) for n in numbers),
            "devices": tuple(d for n in numbers for d in _devices(n)),
            "contacts": tuple(
                Contact(
                    elder=f"e{n}", name=f"女儿{n}", relation="女儿", phone="0571-1000", priority=1
                )
                for n in numbers
            ),
            "staff": tuple(
                Staff(id=f"{s.id}-1", name=f"{s.id}值班", station=s.id, role=Role.DUTY)
                for s in _STATIONS
            ),
            "duty": tuple(
                Duty.model_validate(
                    {
                        "station": s.id,
                        "staff": f"{s.id}-1",
                        "weekdays": "daily",
                        "starts": "00:00",
                        "ends": "00:00",
                    }
                )
                for s in _STATIONS
            ),
        }
    )


def _devices(n: int) -> tuple[Device, ...]:
    kinds = (
        ("m", DeviceKind.MATTRESS, Location.BED, 30),
        ("r", DeviceKind.FALL_SENSOR, Location.ROOM, 60),
        ("b", DeviceKind.SOS_BUTTON, Location.WALL, 3600),
    )
    return tuple(
        Device(
            id=f"{letter}{n}",
            kind=kind,
            profile="canonical",
            gateway=f"g{n}",
            elder=f"e{n}",
            location=location,
            interval_s=interval,
        )
        for letter, kind, location, interval in kinds
    )


def town_with(models: Mapping[str, tuple[str, DeviceKind]], *, homes: int = 2) -> Directory:
    """The town, and more devices of e1 behind g1: (profile, kind) by the device's id."""
    directory = town(homes=homes)
    devices = tuple(
        Device(
            id=id_,
            kind=kind,
            profile=profile,
            gateway="g1",
            elder="e1",
            location=Location.BED if kind is DeviceKind.MATTRESS else Location.ROOM,
            interval_s=3_600,
        )
        for id_, (profile, kind) in models.items()
    )
    return directory.model_copy(update={"devices": (*directory.devices, *devices)})
