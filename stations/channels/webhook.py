"""Incident events for other systems: CloudEvents by POST, signed as Standard Webhooks says.

Headers `webhook-id`, `webhook-timestamp` (epoch seconds of this attempt) and `webhook-signature`:
`v1,` and the base64 HMAC-SHA256 of "id.timestamp.body". Receivers tell repetitions by the id.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta

import httpx

from stations.channels.base import Message, SendError, Undeliverable
from stations.channels.settings import WebhookOutlet

_LATER = {408, 409, 425, 429}
"""Refusals that another attempt may turn into success; other 4xx will not pass by themselves."""


class Webhook:
    """Taken means an answer of 2xx. Redirects are not followed: they would carry data elsewhere."""

    def __init__(self, settings: WebhookOutlet, *, client: httpx.AsyncClient) -> None:
        self.name = settings.name
        self.per_minute = settings.per_minute
        self.gives_up = timedelta(seconds=settings.give_up_s)
        self._url = str(settings.url)
        self._secret = settings.secret.get_secret_value().encode()
        self._client = client

    async def ready(self) -> None:
        return

    async def send(self, message: Message) -> None:
        body = json.dumps(message.payload, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"content-type": "application/cloudevents+json"} | signed(
            body, secret=self._secret, key=str(message.payload["id"]), at=message.at
        )
        try:
            answer = await self._client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise SendError(f"no answer: {type(error).__name__}") from error
        if answer.is_success:
            return
        words = f"the receiver answered HTTP {answer.status_code}"
        if answer.is_client_error and answer.status_code not in _LATER:
            raise Undeliverable(words)
        raise SendError(words)


def signed(body: bytes, *, secret: bytes, key: str, at: datetime) -> dict[str, str]:
    """The three headers by which a receiver knows who wrote this, and when."""
    stamp = str(int(at.timestamp()))
    mac = hmac.digest(secret, f"{key}.{stamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": key,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }
