"""What the ingest loop sees of the watch over its commits. Costs next to nothing while all is
well."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

from ingest.decode import Decoder
from ingest.emergency.aside import Aside
from ingest.emergency.cards import Routes
from ingest.emergency.ear import Ear
from ingest.emergency.keepsake import Keepsake
from ingest.emergency.ledger import Ledger
from ingest.emergency.place import Part, parts
from ingest.emergency.progress import Progress
from ingest.emergency.unattended import Unattended
from ingest.emergency.watch import Watch
from ingest.log import Packets, digest
from ingest.source import Mark, Messages
from ingest.stranger import Stranger
from schemas.readings import Readings


class Guard:
    """Made for one ownership of the partition; see `ingest.emergency`."""

    def __init__(
        self,
        watch: Watch,
        *,
        progress: Progress,
        ear: Ear,
        ledger: Ledger,
        aside: Aside,
        monotonic: Callable[[], float],
        unattended: Unattended,
        keep: Callable[[Keepsake], None],
    ) -> None:
        """`keep`: where what is known is kept for a start without a store."""
        self._watch, self._progress, self._ear = watch, progress, ear
        self._ledger, self._aside, self._monotonic = ledger, aside, monotonic
        self.unattended, self._keep = unattended, keep

    def start(self) -> None:
        """Once the registry and the state are there."""
        self._watch.start()

    def close(self) -> None:
        """What is heard from now on is for another copy, or the next start."""
        self._watch.close()

    # Starting, and following the registry

    def follow(self, known: Keepsake, decoder: Decoder) -> None:
        """`decoder`: one for the watch alone."""
        self._ear.follow(known.registry, decoder)
        self._watch.follow(Routes(known.registry, known.ladders))
        self._keep(known)

    def restore(self, snapshot: bytes) -> None:
        self._ear.restore(snapshot)

    def learn(self, rows: Readings) -> None:
        """A batch of the log that the snapshot does not cover."""
        self._ear.learn(rows)

    def stored(self, packets: Packets, *, until: int) -> None:
        """What a batch of the log held that no key knows again, and when its last message was
        received (µs UTC)."""
        if len(self._ledger):
            self._ledger.restored(packets.hex_digests(), until=until)

    def went_ahead(self) -> Collection[str]:
        """Ids of alerts that went ahead of the store before this start."""
        return self._ledger.ids()

    def known(self, ids: Collection[str]) -> None:
        """Those of them that are in the store by now."""
        self._ledger.known(ids)

    # A batch

    @contextmanager
    def at_work(self, messages: Messages) -> Iterator[None]:
        """From when a batch is taken until it is committed."""
        self._progress.begin(messages, self._monotonic())
        try:
            yield
        finally:
            self._progress.end()

    def ahead(self, messages: Messages) -> None:
        """These were taken before their turn: they are worked on behind those at work."""
        self._progress.ahead(messages)

    def parts(self, messages: Messages) -> Iterable[Part]:
        """What to commit together; nearly always all of it."""
        if len(self._ledger) and len(messages):
            return parts(messages, self._ledger)
        return (Part(messages, None),)

    def committed(self, messages: Messages, rows: Readings, strangers: list[Stranger]) -> None:
        """These are in the store: messages, their rows that were new, and emergencies of unknown
        devices among them."""
        self._progress.committed(self._monotonic())
        self._ear.learn(rows, strangers)
        if not (self._aside.listening or len(self._ledger)):
            return
        for place in self._ear.places(messages):
            qos = int(messages.marks[place]) & Mark.QOS1
            mark = digest(messages.topics[place], messages.payloads[place]).hex()
            self._ledger.committed(mark, int(messages.received[place]), qos=qos)
