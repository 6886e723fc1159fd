"""A batch that is decoded before its turn, while the one before it is copied into the store."""

from __future__ import annotations

from typing import NamedTuple

from ingest.batch import Work
from ingest.decode import Decoder
from ingest.emergency.place import Part
from ingest.source import Batch


class Ahead(NamedTuple):
    """`work` is what `decoder` made of the batch, with stamps behind `after` (µs)."""

    batch: Batch
    decoder: Decoder
    after: int
    work: Work

    def holds(self, part: Part, decoder: Decoder, after: int) -> bool:
        """Whether decoding that part now would give the same work."""
        same = part.messages is self.work.messages and part.heard is None
        return same and decoder is self.decoder and after == self.after
