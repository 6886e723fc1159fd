"""What passes by in a few seconds: gateways that publish at QoS 0, and messages too large."""

from collections.abc import Iterator

from schemas import topics
from vigil.doctor import probe
from vigil.doctor.advice import Advice
from vigil.doctor.finding import Finding, Level, bad, ok, warning
from vigil.doctor.probe import Probe
from vigil.settings import Settings

_SIZE = 64 * 1024  # what a message may have by contract
_NAMED = 10


def examine(settings: Settings, advice: Advice, *, seconds: float) -> Iterator[Finding]:
    """Raises ProbeError or OSError where the broker does not play along."""
    yield _size(settings, advice)
    yield from _watch(settings, seconds)


def _size(settings: Settings, advice: Advice) -> Finding:
    topic, content = probe.topic(), bytes(_SIZE)
    with Probe(settings.broker.address) as session:
        session.subscribe(topic)
        session.publish(topic, content)
        session.confirmed()
        if session.listen(1, silence=2) and session.heard[0].payload == content:
            return ok("message size", "64 KiB pass")
    return bad(
        "message size",
        "a message of 64 KiB does not pass",
        why="a gateway's array of that size is allowed, and would never arrive",
        do=advice.size,
    )


def _watch(settings: Settings, seconds: float) -> Iterator[Finding]:
    with Probe(settings.broker.address) as session:
        if refused := session.subscribe(*topics.SUBSCRIPTIONS):
            yield bad(
                "rights of ingest",
                f"may not read {', '.join(refused)}",
                why="it would never hear what is said there",
                do="let its account read them: `vigil broker config` writes the rules",
            )
        end = 0
        while len(session.heard) < 20_000 and end < seconds * 10:
            session.listen(len(session.heard) + 1, silence=0.1, seconds=0.1)
            session.acknowledge()
            end += 1
        heard = [message for message in session.heard if not message.retained]
    found = [topics.parse(message.topic) for message in heard if message.qos == 0]
    weak = sorted({f"{place.area}/{place.gateway}" for place in found if place is not None})
    if weak:
        more = f" and {len(weak) - _NAMED} more" if len(weak) > _NAMED else ""
        yield warning(
            "QoS",
            f"{len(weak)} gateways publish at QoS 0: {', '.join(weak[:_NAMED])}{more}",
            why="what they say while the link or the broker is down is lost, and nobody knows",
            do="set QoS 1 on the gateway or its bridge",
        )
    elif heard:
        yield ok("QoS", f"{len(heard):,} messages in {seconds:g} s, all at QoS 1")
    else:
        yield Finding(
            Level.UNSEEN, "QoS", f"nothing was said in {seconds:g} s", do="watch longer: --watch 60"
        )
