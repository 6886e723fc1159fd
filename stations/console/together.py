"""Work that many pages ask for at the same moment is done for all of them in one go.

Two hundred desks that see a new card, or whose sessions are to be looked at, take a connection or
two of the pool between them: what brings the next alert in is not kept waiting behind them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Together(Generic[Item, Answer]):
    """Everything that is asked while the last turn is at work makes the next.

    `do` gets the items of a turn and returns an answer to each, in their order; what it raises
    comes to everybody of that turn.
    """

    def __init__(self, do: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]]) -> None:
        self._do = do
        self._working = asyncio.Lock()
        self._items: list[Item] = []
        self._next: asyncio.Task[Sequence[Answer]] | None = None

    async def ask(self, item: Item) -> Answer:
        """The answer to one item."""
        place = len(self._items)
        self._items.append(item)
        if self._next is None:
            self._next = asyncio.create_task(self._turn(), name="together")
            self._next.add_done_callback(_heard)
        return (await asyncio.shield(self._next))[place]  # one that leaves stops no other

    async def _turn(self) -> Sequence[Answer]:
        async with self._working:
            items, self._items, self._next = self._items, [], None
            return await self._do(items)


def _heard(task: "asyncio.Task[object]") -> None:
    """Everybody who waited may have left: then nobody else hears of a failure."""
    if not task.cancelled():
        task.exception()
