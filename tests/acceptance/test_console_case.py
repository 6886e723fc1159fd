"""The incident page and the elder's page in a real browser: live, worked on, on a phone, for every
reader."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from schemas.alerts import Category, Severity
from store.connect import connect
from tests.support import watched
from tests.support.axe import misfits, violations
from tests.support.browser import DESK, PHONE, Served, chromium, page_of, served
from tests.support.browser import sign_in as sign_in_at
from tests.support.desk import Desk, change

pytestmark = pytest.mark.browser

Run = Callable[[Served, Desk, Browser], Awaitable[None]]
AGAIN = 950  # ms: a double tap is ignored for that long


async def _with(store: str, run: Run) -> None:
    async with served(store) as console, chromium() as browser:
        d = await console.desk()
        await asyncio.to_thread(_fill, store, d)
        await d.raised(
            change(
                "h1", at=d.now - timedelta(minutes=9), rule="heart-rate", severity=Severity.ORANGE,
                category=Category.CARE, zh="在床心率 139 次/分，已持续 2 分钟",
            )
        )  # fmt: skip
        await d.raised(change("h1", at=d.now - timedelta(minutes=1)))
        await asyncio.wait_for(run(console, d, browser), 150)


def _fill(dsn: str, d: Desk) -> None:
    with connect(dsn, application="test") as connection:
        watched.nights(connection, now=d.now)


def test_an_incident_is_worked_from_its_page(store: str) -> None:
    async def run(console: Served, d: Desk, browser: Browser) -> None:
        async with page_of(browser, size=PHONE, has_touch=True, is_mobile=True) as page:
            await sign_in_at(page, console.url, "east-1")
            await page.get_by_role("link", name="经过、通话与近况").tap()
            await expect(page.locator("svg.narrow")).to_be_visible()
            await expect(page.locator("svg.wide")).to_be_hidden()
            await page.wait_for_selector("body[data-link=live]")
            await page.evaluate("window.notReloaded = true")
            daughter = page.locator(".callee", has_text="女儿1")
            assert await daughter.locator("a").get_attribute("href") == "tel:05711000"
            await daughter.get_by_role("button", name="无人接").tap()
            await expect(daughter.locator(".came")).to_contain_text("无人接")
            record = page.locator("#record li")
            await expect(record.first).to_contain_text("打电话给 女儿1 女儿：无人接")
            await expect(page.locator(".holder")).to_contain_text("您在处理")
            # Somebody else's step comes by itself, and takes nothing away that is being typed.
            await page.locator("[data-part=quiet-away-e1] > summary").tap()
            away = page.locator("[data-form=quiet-away-e1]")
            await away.get_by_role("textbox").fill("去女儿家")
            await d.raised(change("h1", at=d.now, rule="fall", zh="卧室传感器确认跌倒"))
            await expect(record.filter(has_text="卧室传感器确认跌倒")).to_have_count(1)
            assert await away.get_by_role("textbox").input_value() == "去女儿家"
            await away.locator("select").select_option("1440")
            await away.get_by_role("button").tap()
            await expect(page.locator(".running")).to_contain_text("去女儿家")
            await page.wait_for_timeout(AGAIN)
            await page.locator(".closing > summary").tap()
            await page.locator("button[value='to_hospital:handed_over']").tap()
            await expect(record.first).to_contain_text("结案：送医、已交给专人或 120")
            await expect(page.locator(".results")).to_have_count(0)
            assert await page.evaluate("window.notReloaded")
        rows = await d.rows("SELECT state, outcome, reached FROM incident")
        assert rows == [("closed", "to_hospital", "handed_over")]
        assert await d.rows("SELECT elder, reason FROM away") == [("e1", "去女儿家")]

    asyncio.run(_with(store, run))


def test_everybody_can_read_it(store: str) -> None:
    async def run(console: Served, d: Desk, browser: Browser) -> None:
        ((incident,),) = await d.rows("SELECT id FROM incident")
        wrong: list[str] = []
        # Each page in both widths, both looks and both languages.
        for size, look, language, path in (
            (DESK, "light", "zh", f"/incidents/{incident}"),
            (PHONE, "dark", "en", f"/incidents/{incident}"),
            (PHONE, "light", "zh", "/elders/e1"),
            (DESK, "dark", "en", "/elders/e1"),
        ):
            async with page_of(browser, size=size, color_scheme=look) as page:
                await sign_in_at(page, console.url, "east-1")
                await page.goto(f"{console.url}{path}?lang={language}")
                await page.wait_for_selector("body[data-link=live]")
                wrong += await _problems(page, f"{path} {look} {language}")
        assert not wrong, "\n".join(wrong)

    asyncio.run(_with(store, run))


async def _problems(page: Page, where: str) -> list[str]:
    """With everything unfolded."""
    await page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    one = [] if await page.locator("h1").count() == 1 else ["not one first heading"]
    return [f"{where}: {x}" for x in one + await violations(page) + await misfits(page)]
