"""What no test may leave behind or do, whatever it tests.

Warnings are errors already, and with them unclosed files, sockets and connections.
"""

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, SupportsIndex

_ROOT = Path(__file__).parents[2]
OURS = (str(_ROOT / "stations"), str(_ROOT / "store"))
"""Packages that run on an event loop: a blocking call there would hold up every alert."""

BLOCKING = frozenset({"open", "time.sleep", "subprocess.Popen", "socket.getaddrinfo"})
"""Audit events of the interpreter."""

ALLOWED = (
    ("stations/console/app.py", "create_app"),  # reads its files once, before anybody is served
    ("/traceback.py", "_extract_from_extended_frame_gen"),  # the source lines of a logged error
    ("<frozen importlib._bootstrap>", "_find_and_load"),
)


class BlockingCallError(Exception):
    """Who blocked the event loop, and how."""


_watching = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook cannot be removed again: it watches only while a test asks for it."""
    if not _watching or event not in BLOCKING or asyncio._get_running_loop() is None:
        return
    if (caller := _caller(sys._getframe(1))) is not None:
        raise BlockingCallError(f"{event} {arguments[:1]} by {caller}")


def _caller(frame: FrameType | None) -> str | None:
    """The innermost place of ours in the stack, None where there is none or it is allowed."""
    found = None
    while frame is not None:
        file, function = frame.f_code.co_filename, frame.f_code.co_name
        if any(function == name and file.endswith(end) for end, name in ALLOWED):
            return None
        if found is None and file.startswith(OURS):
            found = f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return found


sys.addaudithook(_hook)


@contextmanager
def no_blocking_calls() -> Iterator[None]:
    """A blocking call of ours on a running event loop raises BlockingCallError."""
    global _watching
    before, sleep = _watching, time.sleep

    # Before Python 3.13 time.sleep is no audit event of its own.
    def told(seconds: SupportsIndex | float) -> None:
        _hook("time.sleep", (seconds,))
        sleep(seconds)

    _watching, time.sleep = True, told
    try:
        yield
    finally:
        _watching, time.sleep = before, sleep


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
