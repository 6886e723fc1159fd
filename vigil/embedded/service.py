"""What embedded services have in common: a folder, a port, a log, and a process that is ours."""

import signal
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from vigil.embedded import process
from vigil.embedded.process import EmbeddedError


class Service(ABC):
    """Starts in `folder`, made there if new; listens on 127.0.0.1:`port`. A context manager."""

    name: str
    """For messages and for the log's file name."""
    ends_by: signal.Signals = signal.SIGTERM
    """Its signal for an orderly end; also what the kernel sends it when we die."""
    ends_within: float = 15
    """Seconds, before it is made to."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.folder = folder.absolute()
        self.port: int = port or process.free_port()
        self.log = self.folder / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def start(self) -> None:
        """Start and wait until it answers; EmbeddedError with the log's end if it does not."""

    @property
    def pid(self) -> int:
        if self._process is None:
            raise EmbeddedError(f"{self.name} is not running")
        return self._process.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """In order: what it has promised to keep is on disk."""
        if self._process is not None:
            process.stop(self._process, by=self.ends_by, within=self.ends_within)
            self._process = None

    def kill(self) -> None:
        """As a power cut would: nothing is shut down. For tests of what survives it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _failed(self) -> EmbeddedError:
        """Stop what did not start, and say why."""
        self.stop()
        end = process.tail(self.log)
        return EmbeddedError(
            f"{self.name} did not start in {self.folder} on port {self.port}; "
            f"the end of {self.log}:\n{end}"
        )
