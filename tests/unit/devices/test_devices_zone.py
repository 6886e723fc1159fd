"""A device time without a zone is read in its gateway's own zone, and says so."""

import json

import pytest

from devices.catalogue import Catalogue
from schemas.readings import Flag
from schemas.times import parse_rfc3339

TOPIC = "native/a/g1/milesight/vs373/6806E70200110007/trigger"
REPORT = {
    "device_info": {"device_sn": "6806E70200110007", "time": "2026-02-04 05:04:05"},
    "trigger_data": {"type": 0, "trigger_id": 1, "event": 4, "status": 1},
}


@pytest.mark.parametrize(
    ("zone", "utc"),
    [("Asia/Shanghai", "2026-02-03T21:04:05Z"), ("Europe/Berlin", "2026-02-04T04:04:05Z")],
)
def test_the_zone_is_assumed_and_recorded(zone: str, utc: str) -> None:
    decoded = Catalogue.load().decode(
        TOPIC,
        json.dumps(REPORT).encode(),
        profile_of=lambda _: "milesight-vs373-mqtt",
        received=parse_rfc3339(utc),
        zone=zone,
    )
    (reading,) = decoded.readings
    assert reading.ts == parse_rfc3339(utc)
    assert reading.flags & Flag.ZONE_ASSUMED
