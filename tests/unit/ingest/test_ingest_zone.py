"""Local times without a zone are those of the gateway's area."""

from devices.catalogue import Catalogue
from ingest.decode import Decoder
from ingest.lookup import Lookup
from ingest.reject import RejectBudget
from ingest.source import Delivery, Messages
from schemas.directory import (
    Area,
    Device,
    DeviceKind,
    Directory,
    Elder,
    Gateway,
    Home,
    Level,
    Living,
    Location,
)
from schemas.registry import Registry
from schemas.times import parse_rfc3339

RADAR = Device(
    id="6100X1",
    kind=DeviceKind.FALL_SENSOR,
    profile="milesight-vs373-mqtt",
    gateway="g1",
    elder="e1",
    location=Location.WALL,
    interval_s=60,
)
PAYLOAD = b"""{"device_info":{"device_sn":"6100X1","time":"2026-03-01 08:00:00"},
"trigger_data":{"event":4,"status":1}}"""


def lookup(zone: str) -> Lookup:
    directory = Directory(
        areas=(Area(id="a", name="a", level=Level.CITY, zone=zone),),
        homes=(Home(id="h1", area="a", address="x"),),
        elders=(Elder(id="e1", name="x", home="h1", living=Living.LONE, care_level=0),),
        gateways=(Gateway(id="g1", area="a"),),
        devices=(RADAR,),
    )
    return Lookup(Registry.build(directory))


def test_the_areas_zone_is_assumed() -> None:
    catalogue = Catalogue.load()
    for zone, offset in (("Asia/Shanghai", "+08:00"), ("Asia/Urumqi", "+06:00")):
        decoder = Decoder(catalogue, lookup(zone), budget=RejectBudget(per_minute=10))
        received = parse_rfc3339(f"2026-03-01T08:00:01{offset}")
        delivery = Delivery(
            "native/a/g1/milesight/vs373/x",
            PAYLOAD,
            received=received,
            qos=1,
            retain=False,
            dup=False,
            packet=1,
            session=1,
            backlog=False,
        )
        said = decoder.decode(Messages.of([delivery]), after=0).said
        assert said.ts.tolist() == [parse_rfc3339(f"2026-03-01T08:00:00{offset}")]
