"""The watch over commits, put together: for an owner, and for a start while the store is away."""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from random import SystemRandom
from typing import NamedTuple

import structlog

from devices.catalogue import Catalogue
from ingest.decode import Decoder
from ingest.emergency import keepsake
from ingest.emergency.aside import Aside
from ingest.emergency.cards import Routes
from ingest.emergency.ear import Ear
from ingest.emergency.guard import Guard
from ingest.emergency.journal import Journal
from ingest.emergency.keepsake import Keepsake
from ingest.emergency.ledger import Ledger
from ingest.emergency.progress import Patience, Progress
from ingest.emergency.sentry import NothingHeld
from ingest.emergency.unattended import Unattended
from ingest.emergency.watch import Holding, Parts, Watch
from ingest.lookup import Lookup
from ingest.metrics import Metrics
from ingest.reject import RejectBudget
from ingest.source import Messages
from ingest.state import State
from rules.engine import Engine
from rules.load import load_catalogue
from schemas.directory import Directory
from schemas.registry import Registry
from vigil.clock import SystemClock
from vigil.settings import Settings
from vigil.wiring import subscriptions

logger = structlog.get_logger(__name__)

_EMERGENCY_RULES = ("sos", "fall")


class Post(NamedTuple):
    """What every watch of a process shares."""

    settings: Settings
    catalogue: Catalogue
    clock: SystemClock
    metrics: Metrics
    state: State

    @property
    def session(self) -> str:
        """Whose messages a journal speaks of: the broker's session, whatever process keeps it."""
        address = self.settings.broker.address
        return f"{self.settings.ingest.client_id}@{address.host}:{address.port}"

    @property
    def kept(self) -> Path:
        name = blake2b(self.session.encode(), digest_size=8).hexdigest()
        return self.state.folder / f"{name}.registry"


def guard(post: Post, source: Holding, lost: Callable[[], bool]) -> Guard:
    """For an owner, until it has `lost` its partition."""
    parts = _parts(post, source, lost)
    watch = Watch(parts, _patience(post.settings))

    def keep(known: Keepsake) -> None:
        try:
            keepsake.save(post.kept, known, session=post.session, token=post.state.token)
        except OSError:
            logger.exception("the registry is not kept for a start without a store")

    return Guard(
        watch,
        progress=parts.progress,
        ear=parts.ear,
        ledger=parts.ledger,
        aside=parts.aside,
        monotonic=post.clock.monotonic,
        unattended=Unattended(watch, after_s=post.settings.ingest.untaken_s),
        keep=keep,
    )


def stand_in(post: Post) -> Watch | None:
    """For a process that has no store yet; None where the last owner lives, or somebody else
    stands in, or nothing is known."""
    found = keepsake.load(post.kept, session=post.session)
    if found is None or not post.state.ended(found[0]):
        return None
    if not post.state.claim(f"{post.kept.stem}.sentry"):
        return None
    known, ingest = found[1], post.settings.ingest
    parts = _parts(post, NothingHeld(), lambda: False)
    decoder = Decoder(
        post.catalogue,
        Lookup(known.registry, ignored=known.ignored),
        budget=RejectBudget(ingest.reject_rate),
        default_area=ingest.default_area,
    )
    parts.ear.follow(known.registry, decoder)
    parts.progress.begin(Messages.none(), post.clock.monotonic())
    watch = Watch(parts, _patience(post.settings))
    watch.follow(Routes(known.registry, known.ladders))
    logger.warning("the store is away and the last owner has ended: listening for emergencies")
    return watch


def _parts(post: Post, source: Holding, lost: Callable[[], bool]) -> Parts:
    settings = post.settings
    rules = [rule for rule in load_catalogue() if rule.id in _EMERGENCY_RULES]
    ear = Ear(Engine(rules, Registry.build(Directory())))
    aside = Aside(
        settings.broker.address,
        client_id=f"{settings.ingest.client_id}-emergency",
        subscriptions=subscriptions(settings, post.catalogue),
        matters=ear.places,
        clock=post.clock,
        rng=SystemRandom(),
    )
    ledger = Ledger(Journal(post.state, session=post.session))
    return Parts(Progress(), source, ear, ledger, aside, post.clock, post.metrics, lost)


def _patience(settings: Settings) -> Patience:
    ingest = settings.ingest
    return Patience(ingest.listen_after_s, ingest.ahead_after_s, ingest.in_flight_window)
