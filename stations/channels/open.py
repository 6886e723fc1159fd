"""The channels that a site has added, made from its settings; closed with the context."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from psycopg_pool import AsyncConnectionPool

from stations.channels.apprise import ApprisePages
from stations.channels.base import Channel
from stations.channels.people import People
from stations.channels.robots import RobotPages
from stations.channels.settings import AppriseOutlet, Outlet, RobotOutlet
from stations.channels.webhook import Webhook
from store.stations_clock import Clock

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)  # seconds; under what `deliver` waits at all


@asynccontextmanager
async def opened(
    outlets: Sequence[Outlet], pool: AsyncConnectionPool, clock: Clock
) -> AsyncIterator[list[Channel]]:
    """One channel an outlet, in order. ValueError for a setting that only its library can judge."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False)
        )
        channels: list[Channel] = []
        for outlet in outlets:
            channel = _make(outlet, client, People(pool, clock, channel=outlet.name))
            if isinstance(channel, ApprisePages):
                stack.push_async_callback(channel.close)
            channels.append(channel)
        yield channels


def _make(outlet: Outlet, client: httpx.AsyncClient, people: People) -> Channel:
    if isinstance(outlet, AppriseOutlet):
        return ApprisePages(outlet, who=people.who_lives, phones=people.phones_on_duty)
    if isinstance(outlet, RobotOutlet):
        return RobotPages(outlet, client=client, who=people.who_lives)
    return Webhook(outlet, client=client)
