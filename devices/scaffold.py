"""A new model's three files, which pass the check as they are and are meant to be changed."""

import re
from pathlib import Path

from devices.check import README
from devices.examples import FILE as EXAMPLES
from devices.profile import FILE as PROFILE

_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")

_PROFILE = """\
id = "{model}"
name = "{model}: maker, model, and through what"
kinds = ["{kind}"]     # mattress, fall_sensor, sos_button
source = "documents"    # "hardware" once it was tried on the real thing
interval_s = 60         # the longest gap between its reports
# mains = true          # not on battery: a short silence is a fault

# One table for each topic. Every key: docs/reference/profiles.md
[[message]]
topic = "{model}/{{id}}"
time = {{ at = "time", format = "rfc3339" }}
# key = {{ at = "n", kind = "sequence" }}

{value}
[message.value.battery]
at = "battery"
unknown = [255]
"""

_VALUES = {
    "sos_button": """\
# Each message that says it is a press; for a state that repeats add: as = "level"
[message.value.sos]
at = "sos"
words = { true = "pressed", false = "cancelled" }
""",
    "fall_sensor": """\
# A change to confirmed is a fall; for a sensor that never says `none` add: as = "event"
[message.value.fall]
at = "fall"
words = { true = "confirmed", false = "none" }
""",
    "mattress": """\
[message.value.in_bed]
at = "in_bed"

[message.value.heart_rate]
at = "heart_rate"
unknown = [0, 255] # a wrong 0 is a stopped heart
""",
}

_EXAMPLES = """\
# Real payloads, with other ids and times. At least one is read and one refused.
[[example]]
note = "what it says most of the time"
topic = "{model}/device1"
payload = '{{"time":"2026-01-02T03:04:05Z",{said},"battery":80}}'
[[example.reading]]
device = "device1"
ts = 2026-01-02T03:04:05Z
battery = 80
{expected}

[[example]]
note = "half a message"
topic = "{model}/device1"
payload = '{{"time":"2026-01'
reject = "json"
"""

_SAID = {
    "sos_button": ('"sos":true', 'sos = "pressed"'),
    "fall_sensor": ('"fall":true', 'fall = "confirmed"'),
    "mattress": ('"in_bed":true,"heart_rate":61', "in_bed = true\nheart_rate = 61"),
}

_README = """\
# {model}

What it is, and how it and the bridge in front of it must be set up.

- **Device id**: the last part of the topic.
- **A press, a fall, the bed**: what counts as which, and what ends it.
- **Unknown**: the values that mean "I do not know".

**Source:** where the shapes come from. **Status:** read from documents, not tried on hardware.
"""


def new_model(model: str, folder: Path, *, kind: str) -> Path:
    """Write the files of a new model into a folder of its own below `folder`, and return that.

    ValueError for an id that cannot be one or an unknown kind, FileExistsError where there is such
    a folder already.
    """
    if not _ID.fullmatch(model):
        raise ValueError(f"a model's id is small letters, digits, - and _, not {model!r}")
    if kind not in _VALUES:
        raise ValueError(f"a kind is one of {', '.join(_VALUES)}, not {kind!r}")
    said, expected = _SAID[kind]
    where = folder / model
    where.mkdir(parents=True)
    files = {
        PROFILE: _PROFILE.format(model=model, kind=kind, value=_VALUES[kind]),
        EXAMPLES: _EXAMPLES.format(model=model, said=said, expected=expected),
        README: _README.format(model=model),
    }
    for name, text in files.items():
        (where / name).write_text(text, encoding="utf-8")
    return where
