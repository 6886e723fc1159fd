"""From a gateway's MQTT message to a click in a real browser, and who it was in the store."""

import asyncio
from pathlib import Path

import pytest

from schemas import topics
from tests.support import browser as browsing
from tests.support.registry import EAST, town
from tests.support.system import Client, System, system, until

PASSWORD = "a long night's password"


async def _answer(running: System) -> None:
    url = f"http://127.0.0.1:{running.console_port}"
    async with (
        browsing.chromium() as browser,
        browsing.page_of(browser, size=browsing.PHONE) as page,
    ):
        await browsing.sign_in(page, url, "east-1", password=PASSWORD)
        assert await page.locator("article.card").count() == 0
        client = Client(running.broker)
        client.say(topics.up(EAST, "g1", "b1"), {"sos": "pressed"}).wait_for_publish(10)
        card = page.locator("article.card")
        await card.wait_for()  # without a reload
        assert "老人1" in await card.inner_text()
        assert "幸福路1号" in await card.inner_text()
        await card.locator("button[value=acknowledge]").click()
        await page.locator("article.card button[value=called]").first.wait_for()
        client.close()


@pytest.mark.browser
def test_a_press_appears_without_reload_and_a_click_answers_it(
    database: str, tmp_path: Path
) -> None:
    browsing.chromium_path()
    with system(database, town(), tmp_path) as running:
        done = running.run("staff", "password", "east-1", "--password", PASSWORD)
        assert done.returncode == 0, done.stderr
        running.start("ingest")
        running.start("stations")
        until(running.caught_up)
        client = Client(running.broker, topics.HEARTBEAT)
        until(lambda: client.heard)
        client.close()
        asyncio.run(_answer(running))
        assert running.rows("SELECT state, holder FROM incident") == [("acknowledged", "east-1")]
        told = running.rows("SELECT staff, station FROM alert_event WHERE kind = 'acknowledge'")
        assert told == [("east-1", "east")]
