"""What a broker keeps for a session that is away, and how much it sends before an answer.

Seen by behaviour: a session of our own subscribes and leaves; more is published than a broker
with its defaults keeps; the session comes back, counts what is sent to it unanswered, and then
the rest. The session is removed afterwards.
"""

import secrets
from collections.abc import Iterator

from ingest.mqtt import BrokerAddress
from vigil.doctor import probe
from vigil.doctor.advice import Advice
from vigil.doctor.finding import Finding, bad, ok, warning
from vigil.doctor.probe import Probe
from vigil.settings import Settings

_BEYOND_DEFAULT = 1_200
"""Mosquitto's default keeps 1,000 queued messages of a client, and 20 on the way."""
_MOST = 21_000
_SILENCE = 1.5  # seconds without another message: the window is full
_PATIENCE = 5.0  # seconds without another message after an answer: there are no more


def examine(settings: Settings, advice: Advice) -> Iterator[Finding]:
    """Raises ProbeError or OSError where the broker does not play along."""
    address = settings.broker.address
    batch, window = settings.ingest.batch_count, settings.ingest.in_flight_window
    count = min(_MOST, max(_BEYOND_DEFAULT, 2 * batch, window) + 100)
    name = f"vigil-doctor-{secrets.token_hex(6)}"
    try:
        kept, sent_ahead, total = _away_and_back(address, name, count)
    finally:
        with Probe(address, client_id=name):
            pass  # a clean session under its name: the broker forgets it
    if not kept:
        yield bad(
            "session",
            "the broker forgot a persistent session",
            why="whatever comes while ingest is away is lost",
            do=advice.keep_sessions,
        )
        return
    yield ok("session", "kept while its client is away")
    yield _queue(total, count, advice)
    yield from _window(sent_ahead, count, settings, advice)


def _away_and_back(address: BrokerAddress, name: str, count: int) -> tuple[bool, int, int]:
    """Whether the session was kept, how many came unanswered, and how many in all."""
    topic = probe.topic()
    with Probe(address, client_id=name, keep=True) as session:
        if session.subscribe(topic):
            raise probe.ProbeError(f"may not read {topic}: let ingest's account use that area")
    with Probe(address) as speaker:
        for number in range(count):
            speaker.publish(topic, str(number).encode())
        if not speaker.confirmed():
            raise probe.ProbeError(f"did not acknowledge {count} small messages in time")
    with Probe(address, client_id=name, keep=True) as session:
        ahead = session.listen(count, silence=_SILENCE)
        heard = -1
        while heard < len(session.heard) < count:
            heard = len(session.heard)
            session.acknowledge()
            session.listen(count, silence=_PATIENCE)
        session.acknowledge()
        return session.kept, ahead, len({message.payload for message in session.heard})


def _queue(total: int, count: int, advice: Advice) -> Finding:
    if total >= count:
        return ok("queue", f"all of {count:,} messages were kept for a client that was away")
    return bad(
        "queue",
        f"of {count:,} messages that the broker acknowledged it kept {total:,}",
        why="the others are lost, and their gateways believe them delivered",
        do=advice.queue,
    )


def _window(ahead: int, count: int, settings: Settings, advice: Advice) -> Iterator[Finding]:
    batch, set_ = settings.ingest.batch_count, settings.ingest.in_flight_window
    at_least = "at least " if ahead >= count else ""
    said = f"{at_least}{ahead:,} messages before an acknowledgement"
    if ahead < batch:
        yield warning(
            "window",
            said,
            why=f"ingest commits up to {batch:,} at once, but never more than it is sent",
            do=advice.window,
        )
    else:
        yield ok("window", said)
    if ahead < set_ or (not at_least and ahead != set_):
        yield warning(
            "window setting",
            f"ingest believes it to be {set_:,}",
            why="at half of it ingest begins to listen for emergencies on the side",
            do=f"set VIGIL_INGEST__IN_FLIGHT_WINDOW={ahead}",
        )
