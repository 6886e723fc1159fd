"""A TCP link on loopback that misbehaves on command: stalls, cuts, refuses, alters.

It stands between a process and its broker or store. What it cannot play is a peer that vanished:
the kernel goes on answering for it, so a stalled link looks alive to TCP's own keep-alive.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from vigil.embedded import process

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST, as a cut link does


class Filter:
    """What one link does to the bytes that pass; this one lets all of them through."""

    def up(self, data: bytes) -> bytes:
        """From the client to the server."""
        return data

    def down(self, data: bytes) -> bytes:
        """From the server to the client."""
        return data


class Proxy:
    """127.0.0.1:`port` leads to 127.0.0.1:`target`. A context manager; commands are for any
    thread, and `links` counts the connections made so far."""

    def __init__(self, target: int, *, filter_: Callable[[], Filter] = Filter) -> None:
        """`filter_` makes the filter of each new link; it may be changed at any time."""
        self.port = process.free_port()
        self.links = 0
        self.target, self.filter = target, filter_
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._never = asyncio.Event()  # ours, as asyncio itself holds no task that only waits
        self._refusing = False
        self._frozen = 0
        self._left: int | None = None

    # Commands

    def stall(self) -> None:
        """Half-open: connections stay and are still accepted, and nothing passes."""
        self._do(self._flowing.clear)

    def resume(self) -> None:
        self._do(self._flowing.set)

    def freeze(self) -> None:
        """Half-open for good: existing links stay open and never say another word; new ones are
        served."""
        self._do(lambda: setattr(self, "_frozen", self.links))

    def cut(self) -> None:
        """Reset every connection; new ones are served."""
        self._do(self._cut)

    def cut_after(self, size: int) -> None:
        """Let `size` more bytes go up, then cut: in the middle of whatever is being said."""
        self._do(lambda: setattr(self, "_left", size))

    def refuse(self) -> None:
        """Cut, and reset whoever connects."""
        self._refusing = True
        self.cut()

    def accept(self) -> None:
        self._refusing = False

    # Life

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, what: Callable[[], object]) -> None:
        async def done() -> None:
            what()

        asyncio.run_coroutine_threadsafe(done(), self._loop).result(10)

    async def _serve(self) -> None:
        self._server = await asyncio.start_server(self._linked, "127.0.0.1", self.port)

    async def _end(self) -> None:
        self._server.close()
        self._cut()
        await self._server.wait_closed()
        # A link that had just been accepted begins only now.
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0.01)

    # Links

    async def _linked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # asyncio would complain of it
            await self._link(reader, writer)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.links += 1
        self._writers.add(writer)
        if self._refusing:
            self._reset(writer)
            return
        try:
            there = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            self._reset(writer)
            return
        self._writers.add(there[1])
        passes, number = self.filter(), self.links
        await asyncio.gather(
            self._pump(number, (reader, there[1]), self._counted(passes.up)),
            self._pump(number, (there[0], writer), passes.down),
        )

    async def _pump(
        self,
        number: int,
        ends: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        alter: Callable[[bytes], bytes],
    ) -> None:
        reader, writer = ends
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._flowing.wait()
                if number <= self._frozen:
                    await self._never.wait()
                writer.write(alter(data))
                await writer.drain()
        self._writers.discard(writer)
        writer.close()

    def _counted(self, alter: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        over = False

        def up(data: bytes) -> bytes:
            nonlocal over
            if over:
                return b""  # what follows a gap must not arrive
            if self._left is not None:
                data, self._left = data[: self._left], self._left - len(data)
                over = self._left <= 0
            if over:
                self._left = None
                # After what still passes has been handed to the kernel.
                self._loop.call_later(0.05, self._cut)
            return alter(data)

        return up

    def _cut(self) -> None:
        for writer in list(self._writers):
            self._reset(writer)

    def _reset(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        link = writer.get_extra_info("socket")
        with suppress(OSError):
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()
