"""Pages through Apprise: SMS gateways, mail and the many other services it knows.

Apprise says whether the service took a message, and nothing more; what it logs stays in the log.
It blocks, so each message goes out on one of a few threads of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import apprise

from stations.channels import text
from stations.channels.base import Message, SendError, Undeliverable
from stations.channels.settings import AppriseOutlet
from stations.channels.text import Personal

_AT_ONCE = 8
_PHONE = "{phone}"

WhoLives = Callable[[Mapping[str, Any]], Awaitable[Personal]]
"""Names and address of a card's home; each call is on record."""
PhonesOnDuty = Callable[[str, datetime], Awaitable[Sequence[str]]]
"""The phones of a station's workers on duty."""


class ApprisePages:
    """Taken means that every receiver of the page was told, as far as Apprise knows.

    Raises ValueError for a URL that Apprise cannot read. `close` waits for what is being sent.
    """

    def __init__(self, settings: AppriseOutlet, *, who: WhoLives, phones: PhonesOnDuty) -> None:
        self.name = settings.name
        self.per_minute = settings.per_minute
        self.gives_up = timedelta(seconds=settings.give_up_s)
        self._settings, self._who, self._phones = settings, who, phones
        self._url = settings.url.get_secret_value()
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=f"vigil {self.name}")
        self._service("13800000000")

    async def ready(self) -> None:
        return

    async def send(self, message: Message) -> None:
        services = [
            self._service(phone) for phone in await self._receivers(message.target, message.at)
        ]
        personal = await self._who(message.payload) if self._settings.personal else None
        language = self._settings.language
        title = text.title(message.payload, language=language)
        body = text.body(message.payload, language=language, personal=personal)
        loop = asyncio.get_running_loop()
        taken = await asyncio.gather(
            *(loop.run_in_executor(self._threads, s.notify, body, title) for s in services)
        )
        if not all(taken):
            raise SendError(f"the service took {sum(map(bool, taken))} of {len(taken)}")

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _receivers(self, station: str, at: datetime) -> Sequence[str]:
        if _PHONE not in self._url:
            return [""]
        if phones := await self._phones(station, at):
            return phones
        raise Undeliverable("nobody on duty there has a phone number in the registry")

    def _service(self, phone: str) -> apprise.NotifyBase:
        service = apprise.Apprise.instantiate(self._url.replace(_PHONE, quote(phone, safe="")))
        if not isinstance(service, apprise.NotifyBase):
            raise ValueError(f"channel {self.name}: Apprise does not understand this URL")  # noqa: TRY004
        return service
