"""However we end, nothing that we started goes on running."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vigil.embedded import process

_PARENT = """
import signal, sys
from pathlib import Path
from vigil.embedded.broker import Broker
from vigil.embedded.postgres import Postgres
folder = Path(sys.argv[1])
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
with Postgres(folder / "store") as store, Broker(folder / "broker") as broker:
    print(store.pid, broker.pid, flush=True)
    signal.pause()
"""


def _ended(pidfd: int, within: float = 60) -> bool:
    return bool(select.select([pidfd], [], [], within)[0])


def _family(pid: int) -> set[int]:
    """`pid` and its children. (They may lead sessions of their own.)"""
    found = {pid}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        if parent == pid:
            found.add(int(stat.parent.name))
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's part is Linux's")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_us(tmp_path: Path, end: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path.cwd(),
    )
    watched: list[int] = []
    with parent:
        try:
            assert parent.stdout is not None
            leaders = [int(pid) for pid in parent.stdout.readline().split()]
            assert len(leaders) == 2
            family = {pid for leader in leaders for pid in _family(leader)}
            assert len(family) > 2  # PostgreSQL has its own children
            watched = [os.pidfd_open(pid) for pid in family]
            parent.send_signal(end)
            assert all(_ended(pidfd) for pidfd in watched)
        finally:
            parent.kill()
            for pidfd in watched:
                os.close(pidfd)


def test_a_child_whose_parent_is_gone_does_not_start(tmp_path: Path) -> None:
    """It died between starting the child and the child's asking to be told of it."""
    command = process.command([sys.executable, "-c", "print('alive')"])
    command[3] = command[3].replace(f'"parent": {os.getpid()}', '"parent": 1')
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")


def test_the_folder_reaches_the_program(tmp_path: Path) -> None:
    command = process.command(
        [sys.executable, "-c", "import sys; print(sys.argv[1])", "{folder}/x"], folder=tmp_path
    )
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path}/x\n"


def test_stop_insists(tmp_path: Path) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)"
    child = subprocess.Popen(
        [sys.executable, "-c", f"{deaf}; signal.pause()"], stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        process.stop(child, by=signal.SIGTERM, within=0.05)
        assert child.returncode == -signal.SIGKILL
        process.stop(child, by=signal.SIGTERM, within=0.05)


def test_tail_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert process.tail(log) == "(no log)"
    log.write_bytes(b"\n".join(b"%d \xff" % n for n in range(20)))
    assert process.tail(log, lines=2) == "18 \ufffd\n19 \ufffd"
