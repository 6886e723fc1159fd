"""The device profiles, written apart from these encoders, understand what the fleet says."""

from collections import Counter

from devices.catalogue import Catalogue
from schemas.quantities import CHOICES, Fall, Sos
from schemas.times import HOUR, SECOND, parse_rfc3339
from simulator.fleet import make_directory
from simulator.incidents import Kind, plan
from simulator.live import messages

START = parse_rfc3339("2026-06-01T22:00:00+08:00")


def test_everything_is_decoded_with_its_own_time_and_meaning() -> None:
    fleet = make_directory(homes=30, seed=7)
    planned = plan(fleet, seed=7, start=START, until=START + HOUR, staged=True)
    profile = {d.id: d.profile for d in fleet.devices}
    catalogue = Catalogue.load()
    heard: Counter[tuple[str, str]] = Counter()
    for m in messages(fleet, seed=7, start=START, until=START + HOUR, plan=planned):
        decoded = catalogue.decode(m.topic, m.payload, profile_of=profile.get, received=m.at)
        assert not decoded.rejects
        assert not decoded.faults
        assert decoded.unknown_keys == 0
        assert decoded.readings or decoded.status
        for reading in decoded.readings:
            assert decoded.profile == profile[reading.device]
            assert reading.ts is None or 0 <= m.at - reading.ts < 2 * SECOND
            for name, value in reading.values.items():
                heard[decoded.profile, _word(name, value)] += 1
    assert heard.keys() >= EXPECTED
    pressed = sum(n for (_, word), n in heard.items() if word == f"sos={int(Sos.PRESSED)}")
    assert pressed >= sum(i.kind is Kind.SOS for i in planned.incidents)


def _word(name: str, value: float) -> str:
    return f"{name}={int(value)}" if name in {c.name for c in CHOICES} else name


EXPECTED = {
    ("canonical", "heart_rate"),
    ("canonical", "respiratory_rate"),
    ("canonical", "movement"),
    ("canonical", "signal"),
    ("canonical", "in_bed=1"),
    ("canonical", "in_bed=0"),
    ("canonical", "presence=1"),
    ("canonical", "presence=0"),
    ("canonical", f"fall={int(Fall.SUSPECTED)}"),
    ("canonical", f"fall={int(Fall.CLEARED)}"),
    ("canonical", f"sos={int(Sos.PRESSED)}"),
    ("easydoc-bed-band", "heart_rate"),
    ("easydoc-bed-band", "respiratory_rate"),
    ("easydoc-bed-band", "movement"),
    ("easydoc-bed-band", "in_bed=1"),
    ("easydoc-bed-band", "in_bed=0"),
    ("milesight-vs373-mqtt", "presence=1"),
    ("milesight-vs373-mqtt", "presence=0"),
    ("milesight-vs373-mqtt", f"fall={int(Fall.CONFIRMED)}"),
    ("milesight-vs373-mqtt", f"fall={int(Fall.CLEARED)}"),
    ("z2m-sos-button", f"sos={int(Sos.PRESSED)}"),
    ("z2m-sos-button", "battery"),
    ("milesight-ws101-chirpstack", f"sos={int(Sos.PRESSED)}"),
    ("milesight-ws101-chirpstack", "signal"),
}
