"""Becomes another program, as a given user, and dies with the process that started it.

Run as a script, `python -I child.py SPEC ARG...`; SPEC is JSON:
`parent` (pid that must still be our parent), `signal` (what the kernel sends us when it dies),
`user` ([uid, gid] to become, or null), `folder` (a directory, or null).

`{folder}` in the arguments becomes a path to the folder that works for the new user: where a
parent directory is closed to that user, the folder is opened before the privileges go and is
reached through its descriptor, so that no permission has to be loosened.
"""

import ctypes
import json
import os
import sys

_PR_SET_PDEATHSIG = 1


def _die_with(parent: int, signal: int) -> None:
    if not sys.platform.startswith("linux"):
        return  # elsewhere only an orderly stop ends the child
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def main() -> None:
    spec = json.loads(sys.argv[1])
    arguments = sys.argv[2:]
    folder = spec["folder"]
    descriptor = os.open(folder, os.O_RDONLY) if folder else -1
    if spec["user"]:
        _become(*spec["user"])
    # After the change of user, which would clear it.
    _die_with(spec["parent"], spec["signal"])
    if folder and not os.access(folder, os.X_OK):
        os.set_inheritable(descriptor, True)
        folder = f"/proc/self/fd/{descriptor}"
    arguments = [a.replace("{folder}", folder or "") for a in arguments]
    os.execv(arguments[0], arguments)  # noqa: S606 (our own arguments, no shell)


if __name__ == "__main__":
    main()
