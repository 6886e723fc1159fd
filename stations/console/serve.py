"""Serve the console inside the process's own event loop."""

import asyncio
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

_END_WITHIN = 5  # seconds for requests that are being answered
_BACKLOG = 1024


class _Server(uvicorn.Server):
    """Leaves the process's signals to whoever composed it, and says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve(
    app: Starlette, host: str, port: int, *, ready: Callable[[int], None] | None = None
) -> None:
    """Serve until cancelled, then end live pages, finish open requests and return.

    `port` 0 takes a free one; `ready` gets the real one once connections are answered. OSError
    when the port cannot be had. The client's address is what a trusted proxy says, else the peer's.
    """
    proxies = list(app.state.console.settings.trusted_proxies)
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        timeout_graceful_shutdown=_END_WITHIN,
    )
    server = _Server(config, lambda: ready(listener.getsockname()[1]) if ready else None)
    serving = asyncio.create_task(server.serve([listener]), name="console server")
    try:
        await asyncio.shield(serving)
    finally:
        app.state.console.hub.close()
        server.should_exit = True
        await serving


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)
