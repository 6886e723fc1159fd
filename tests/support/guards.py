"""What no test may leave behind or do, whatever it tests.

Warnings are errors already, and with them unclosed files, sockets and connections.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from blockbuster import blockbuster_ctx

OURS = ["stations", "store"]
"""Packages that run on an event loop: a blocking call there would hold up every alert."""

ALLOWED = {
    "stations/console/app.py": "create_app",  # reads its files once, before anybody is served
    "/traceback.py": "_extract_from_extended_frame_gen",  # the source lines of a logged error
}


@contextmanager
def no_blocking_calls() -> Iterator[None]:
    """A blocking call of ours on a running event loop raises BlockingError."""
    with blockbuster_ctx(scanned_modules=OURS) as found:
        for function in found.functions.values():
            for file, functions in ALLOWED.items():
                function.can_block_in(file, functions)
        yield


@contextmanager
def no_complaints_of_asyncio() -> Iterator[None]:
    """Tasks destroyed while pending, exceptions nobody fetched: asyncio only logs them."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    listener = Listener(logging.ERROR)
    logger = logging.getLogger("asyncio")
    logger.addHandler(listener)
    try:
        yield
    finally:
        logger.removeHandler(listener)
    assert not said, f"asyncio complained: {said}"


@contextmanager
def no_thread_left() -> Iterator[None]:
    """Threads that a test started have ended with it (those of a pool may take a moment)."""
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and not t.daemon]
    for thread in left:
        thread.join(5)
    still = [t.name for t in left if t.is_alive()]
    assert not still, f"threads left behind: {still}"
