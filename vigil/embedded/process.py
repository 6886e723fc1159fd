"""Starting a service that ends with us, and stopping it in order."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_CHILD = str(Path(__file__).with_name("child.py"))


class EmbeddedError(RuntimeError):
    """An embedded service did not start; the message says why and where its log is."""


class User(NamedTuple):
    uid: int
    gid: int


def command(
    arguments: Sequence[str | Path],
    *,
    folder: Path | None = None,
    user: User | None = None,
    dies_by: signal.Signals = signal.SIGTERM,
) -> list[str]:
    """The command line that runs `arguments` through child.py.

    It must be started from the main thread: the kernel counts the thread as the parent.
    """
    spec = {
        "parent": os.getpid(),
        "signal": int(dies_by),
        "user": user,
        "folder": str(folder) if folder else None,
    }
    return [sys.executable, "-I", _CHILD, json.dumps(spec), *map(str, arguments)]


def start(arguments: Sequence[str], *, log: Path) -> subprocess.Popen[bytes]:
    """Start in a session of its own, so that Ctrl-C reaches only us; output goes to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 (our own arguments, no shell)
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
        )


def stop(process: subprocess.Popen[bytes], *, by: signal.Signals, within: float) -> None:
    """Ask once, then insist."""
    if process.poll() is None:
        process.send_signal(by)
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def free_port() -> int:
    """A loopback TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    """Whether somebody else listens on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log, for an error message."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "(no log)"
    return "\n".join(text.splitlines()[-lines:])
