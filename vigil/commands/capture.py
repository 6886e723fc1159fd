"""vigil capture: record what a broker passes on, for replays."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import SystemRandom
from secrets import token_hex
from typing import Annotated

import typer
from rich.live import Live
from rich.text import Text

from ingest.mqtt import MqttSource, SessionOptions
from ingest.queue import BatchQueue, Limits
from schemas import topics
from schemas.times import MINUTE
from vigil import logs
from vigil.clock import SystemClock
from vigil.commands.common import err, out, out_json, stopped_by_signals
from vigil.recording import Recording, Rotation, captured
from vigil.settings import BrokerSettings, Settings

_TAKE_S = 0.5
_HELD = Limits(70_000, 64 << 20)
_BATCH = Limits(5_000, 8 << 20)


def capture(
    place: Annotated[
        Path,
        typer.Option("--out", help="a folder; or one file, .jsonl or .jsonl.zst"),
    ],
    *,
    mqtt: Annotated[
        str | None, typer.Option("--mqtt", help="mqtt://host[:port]; default: the settings'")
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option("--topic", help="filter; default: all that ingest hears")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--for", help="end after so many seconds; default: Ctrl-C")
    ] = None,
    session: Annotated[
        str | None,
        typer.Option(
            "--session",
            help="client id of a session that the broker keeps while no capture runs: what is "
            "said meanwhile comes at the next start. Without it nothing is kept",
        ),
    ] = None,
    rotate_mb: Annotated[int, typer.Option(min=1, help="MB of lines in a file at most")] = 512,
    rotate_minutes: Annotated[int, typer.Option(min=1, help="time in a file at most")] = 60,
    plain: Annotated[bool, typer.Option("--plain", help="files are not compressed")] = False,
    json: Annotated[bool, typer.Option("--json", help="figures at the end as JSON")] = False,
) -> None:
    """Record a broker's messages at QoS 1; each is acknowledged when it is on the disk.

    Times are this machine's: a replay of it need not give the very alerts of a live run.
    """
    clock, settings = SystemClock(), Settings()
    logs.configure(settings.log)
    rotation = Rotation(rotate_mb << 20, rotate_minutes * MINUTE)
    compressed = place.suffix == ".zst" or not (plain or place.suffix == ".jsonl")
    source = _source(settings, clock, mqtt=mqtt, filters=topic, session=session)
    stopped = stopped_by_signals()
    deadline = None if seconds is None else clock.monotonic() + seconds
    recording = Recording(place, rotation, compressed=compressed)
    with closing(recording), closing(source):
        source.open()
        _record(
            source,
            recording,
            lambda: stopped() or (deadline is not None and clock.monotonic() >= deadline),
        )
    figures = {"messages": recording.messages, "bytes": recording.bytes, "out": str(place)}
    if json:
        out_json(figures)
    else:
        out(f"{recording.messages} messages recorded in {place}")


def _record(source: MqttSource, recording: Recording, ended: Callable[[], bool]) -> None:
    """Until `ended`; then what is on the way is written too, and the rest left to the broker."""
    with Live(console=err, refresh_per_second=2, transient=True) as shown:
        while True:
            last = ended()
            messages = source.take(0 if last else _TAKE_S).messages
            recording.add(captured(messages))
            recording.settle()
            source.ack(messages)
            state = "recording" if source.connected else "no connection"
            shown.update(Text(f"{state}: {recording.messages:,} messages"))
            if last and not len(messages):
                return


def _source(
    settings: Settings,
    clock: SystemClock,
    *,
    mqtt: str | None,
    filters: list[str] | None,
    session: str | None,
) -> MqttSource:
    address = (BrokerSettings(url=mqtt) if mqtt else settings.broker).address
    own = [*topics.SUBSCRIPTIONS]
    return MqttSource(
        address,
        SessionOptions(
            client_id=session or f"vigil-capture-{token_hex(4)}",
            subscriptions=filters or own,
            clean=session is None,
            keepalive=settings.ingest.keepalive_s,
        ),
        queue=BatchQueue(held=_HELD, batch=_BATCH, age=0.05, monotonic=clock.monotonic),
        now=clock.now,
        rng=SystemRandom(),
    )
