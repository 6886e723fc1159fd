"""Group robots of DingTalk, WeCom and Feishu: their answer's body says whether they took it.

All three answer HTTP 200 to what they refuse (a limit, a missing keyword, a wrong signature); only
the code in the body tells. docs/decisions/0010 says why they are not left to Apprise.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from stations.channels import text
from stations.channels.apprise import WhoLives
from stations.channels.base import Message, SendError, Undeliverable
from stations.channels.settings import RobotOutlet

_BUSY = {130101, 45009, 9499, 11232}
"""Codes that mean "too often, try later", as the vendors' documents list them: DingTalk 130101,
WeCom 45009, Feishu 9499 and 11232. Any other refusal will not pass by itself."""


class RobotPages:
    """Taken means code 0 in the robot's answer."""

    def __init__(self, settings: RobotOutlet, *, client: httpx.AsyncClient, who: WhoLives) -> None:
        self.name = settings.name
        self.per_minute = settings.per_minute
        self.gives_up = timedelta(seconds=settings.give_up_s)
        self._settings, self._client, self._who = settings, client, who

    async def ready(self) -> None:
        return

    async def send(self, message: Message) -> None:
        personal = await self._who(message.payload) if self._settings.personal else None
        language = self._settings.language
        title = text.title(message.payload, language=language)
        body = text.body(message.payload, language=language, personal=personal)
        url, request = self._request(f"{title}\n{body}", message.at)
        try:
            answer = await self._client.post(url, json=request)
        except httpx.HTTPError as error:
            raise SendError(f"no answer from the robot: {type(error).__name__}") from error
        _check(answer)

    def _request(self, content: str, at: datetime) -> tuple[str, dict[str, Any]]:
        url = self._settings.url.get_secret_value()
        secret = self._settings.secret.get_secret_value() if self._settings.secret else None
        if self._settings.kind == "feishu":
            message: dict[str, Any] = {"msg_type": "text", "content": {"text": content}}
            if secret is not None:
                stamp = str(int(at.timestamp()))
                message |= {"timestamp": stamp, "sign": _mac(f"{stamp}\n{secret}", b"")}
            return url, message
        if self._settings.kind == "dingtalk" and secret is not None:
            stamp = str(int(at.timestamp() * 1000))
            sign = quote(_mac(secret, f"{stamp}\n{secret}".encode()), safe="")
            url = f"{url}{'&' if '?' in url else '?'}timestamp={stamp}&sign={sign}"
        return url, {"msgtype": "text", "text": {"content": content}}


def _mac(key: str, message: bytes) -> str:
    return base64.b64encode(hmac.digest(key.encode(), message, hashlib.sha256)).decode()


def _check(answer: httpx.Response) -> None:
    """Raise for anything but a code 0."""
    if answer.status_code != httpx.codes.OK:
        raise SendError(f"the robot answered HTTP {answer.status_code}")
    try:
        said = answer.json()
        code = said.get("errcode", said.get("code", said.get("StatusCode")))
    except (ValueError, AttributeError) as error:
        raise SendError("the robot's answer cannot be read") from error
    if code == 0:
        return
    words = f"the robot refused it: code {code}"
    raise SendError(words) if code in _BUSY or not isinstance(code, int) else Undeliverable(words)
