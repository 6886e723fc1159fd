"""A cheap look at the bytes of messages: can one of them hold an emergency? Never a false no.

On our own topics the words stand in the JSON as they are, or escaped. Other forms would have to be
decoded to know.
"""

from collections.abc import Sequence
from itertools import repeat

from ingest.source import Messages

_OWN = b"vigil/"


def urgent(messages: Messages) -> bool:
    """Whether any of the messages may be a press or a confirmed fall."""
    return not are_ours(messages.topics) or says_so(b"".join(messages.payloads))


def are_ours(topics: Sequence[bytes]) -> bool:
    """Whether what is said on all these topics can be told from its words."""
    return all(map(bytes.startswith, topics, repeat(_OWN)))


def says_so(payload: bytes) -> bool:
    """Whether the words of a press or a confirmed fall stand in it."""
    return b'"sos"' in payload or b'"confirmed"' in payload or b"\\" in payload
