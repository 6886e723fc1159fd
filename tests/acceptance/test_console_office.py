"""The pages beside the board in a real browser, with something on each: a worker with a phone, an
administrator at a desk. Every page is looked at with axe-core, everything unfolded."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, expect

from schemas.alerts import Category, Severity
from stations import initials
from tests.support.axe import misfits, violations
from tests.support.browser import DESK, PHONE, Served, chromium, page_of, served
from tests.support.desk import PASSWORD, Desk, change
from vigil.reference import describe
from vigil.settings import Settings

pytestmark = pytest.mark.browser

BLUE: dict[str, Any] = {"severity": Severity.BLUE}
STRANGER = "0x00158d0001ab"


async def something_of_everything(d: Desk) -> None:
    await d.raised(
        change("h1", at=d.now, rule="vital-trend", category=Category.CARE, **BLUE),
        change("h3", at=d.now, rule="device-silent", category=Category.DEVICE, **BLUE),
    )
    async with d.pool.connection() as conn:
        await initials.fill(conn)
    await d.rows(
        "INSERT INTO quarantine (received, key, topic, payload, area, gateway_id, device_id, code,"
        " reason, flags, profile) VALUES (%s, 1, 't', '', '330105001001', 'g1', %s,"
        " 'unknown_device', 'r', 0, 'canonical') RETURNING 1",
        d.now, STRANGER,
    )  # fmt: skip
    await d.rows(
        "INSERT INTO mute (scope, subject, rule, reason, author, starts, expires) VALUES ('elder',"
        " 'e1', 'care', '住院', 'east-1', %s, %s + INTERVAL '1 day') RETURNING 1",
        d.now, d.now,
    )  # fmt: skip
    await d.rows("UPDATE elder SET phone = '0571-' || row RETURNING 1")
    await d.rows(
        "UPDATE duty SET starts = '08:00', ends = '17:30' WHERE station = 'east' RETURNING 1"
    )
    await d.rows("UPDATE staff SET role = 'admin' WHERE id = 'street-1' RETURNING 1")


async def enter(page: Page, console: Served, staff: str) -> None:
    await page.goto(f"{console.url}/login")
    await page.fill("[name=staff]", staff)
    await page.fill("[name=password]", PASSWORD)
    await page.press("[name=password]", "Enter")
    await page.wait_for_selector("body.framed")


async def wrong_with(page: Page) -> list[str]:
    """What does not hold on the page, with everything unfolded."""
    await page.evaluate(
        "document.querySelectorAll('main details').forEach((d) => { d.open = true })"
    )
    return [f"{page.url}: {x}" for x in await violations(page) + await misfits(page)]


def test_a_worker_with_a_phone_does_the_days_work(store: str) -> None:
    async def work(console: Served, d: Desk, page: Page) -> None:
        await enter(page, console, "east-1")
        await page.goto(f"{console.url}/tasks")
        wrong = await wrong_with(page)
        await expect(page.locator(".row").first).to_contain_text("老人1")
        await page.locator("button[value=no_answer]").tap()
        await expect(page.locator("main")).to_contain_text("已打过 1 次电话")
        await page.locator("button[value=spoken]").tap()
        await expect(page.locator("main")).not_to_contain_text("老人1")

        await page.goto(f"{console.url}/people")
        await page.fill("[name=word]", "lr3")
        await page.locator("main form button").first.tap()
        await expect(page.locator(".row")).to_have_count(1)
        await expect(page.locator(".row")).to_contain_text("幸福路3号")
        assert page.url == f"{console.url}/people", "what was typed stands in no address"
        wrong += await wrong_with(page)

        await page.goto(f"{console.url}/visits")
        wrong += await wrong_with(page)
        await page.locator(".row", has_text="老人5").locator("form button").tap()
        await expect(page.locator("#waiting")).to_contain_text("3")

        await page.goto(f"{console.url}/devices")
        wrong += await wrong_with(page)
        stranger = page.locator(".row", has_text=STRANGER)
        for field, value in (("kind", "mattress"), ("location", "bed")):
            await stranger.locator(f"[name={field}]").select_option(value)
        await stranger.locator("[name=elder]").fill("e1")
        await stranger.locator("[name=interval_s]").fill("30")
        await stranger.locator("form[action='/strangers/adopt'] button").tap()
        await expect(page.locator("main")).not_to_contain_text(STRANGER)

        for path in ("/quiet", "/duty", "/reports", "/rules", "/rules/night-absence"):
            await page.goto(f"{console.url}{path}")
            wrong += await wrong_with(page)
        assert wrong == []
        assert await d.rows("SELECT elder FROM visit") == [("e5",)]
        assert await d.rows("SELECT elder FROM device WHERE id = %s", STRANGER) == [("e1",)]

    async def run() -> None:
        async with served(store, describe(Settings())) as console, chromium() as browser:
            d = await console.desk()
            await something_of_everything(d)
            phone: dict[str, Any] = {"has_touch": True, "is_mobile": True, "color_scheme": "dark"}
            async with page_of(browser, size=PHONE, **phone) as page:
                await work(console, d, page)

    asyncio.run(asyncio.wait_for(run(), 150))


def test_an_administrator_at_a_desk(store: str) -> None:
    async def work(console: Served, d: Desk, page: Page) -> None:
        await enter(page, console, "street-1")
        wrong = []
        beside = ("/devices", "/quiet", "/audit", "/ladder", "/password")
        for path in ("/staff?lang=en", "/duty?station=east", *beside):
            await page.goto(f"{console.url}{path}")
            wrong += await wrong_with(page)
            await expect(page.locator("main")).not_to_contain_text("老人")
        await page.goto(f"{console.url}/staff")
        form = page.locator("form[action='/staff']")
        await form.locator("[name=staff]").fill("east-9")
        await form.locator("[name=name]").fill("小周")
        await form.locator("[name=station]").select_option("east")
        await form.locator("button").click()
        await expect(page.locator("#staff-east-9")).to_contain_text("no password")
        assert wrong == []
        rows = await d.rows("SELECT station, role FROM staff WHERE id = 'east-9'")
        assert rows == [("east", "duty")]

    async def run() -> None:
        async with served(store) as console, chromium() as browser:
            d = await console.desk()
            await something_of_everything(d)
            async with page_of(browser, size=DESK) as page:
                await work(console, d, page)

    asyncio.run(asyncio.wait_for(run(), 120))


def test_an_administrator_with_a_phone_changes_the_ladder_and_the_calendar(store: str) -> None:
    async def work(console: Served, d: Desk, page: Page) -> None:
        await enter(page, console, "city-1")
        await page.goto(f"{console.url}/ladder")
        await page.locator("main summary").tap()
        await page.locator("[id='red.street']").fill("60")
        await page.locator("form.ladder [name=why]").fill("夜里人少")
        await page.locator("form.ladder button").tap()
        wrong = page.locator("[id='red.district-wrong']")
        await expect(wrong).to_contain_text("必须比街道晚")
        await expect(page.locator("[id='red.district']")).to_have_attribute("aria-invalid", "true")
        problems = await wrong_with(page)
        await page.locator("[id='red.street']").fill("45")
        await page.locator("form.ladder button").tap()
        await expect(page.locator("main")).to_contain_text("45 秒后呼叫街道")
        await page.goto(f"{console.url}/duty?station=east")
        await page.locator(".more > summary").tap()
        form = page.locator("form[action='/duty/east/weekly']")
        await form.locator("[name=weekday][value=Sat]").check()
        await form.locator("[name=starts]").fill("18:00")
        await form.locator("[name=ends]").fill("22:00")
        await form.locator("button").tap()
        await expect(page.locator("#weekly + .rows")).to_contain_text("18:00–22:00")
        assert problems + await wrong_with(page) == []

    async def run() -> None:
        async with served(store) as console, chromium() as browser:
            d = await console.desk()
            await something_of_everything(d)
            await d.rows("UPDATE staff SET role = 'admin' WHERE id = 'city-1' RETURNING 1")
            phone: dict[str, Any] = {"has_touch": True, "is_mobile": True}
            # The browser itself reports the refusal (409) as an error.
            async with page_of(browser, size=PHONE, quiet=True, **phone) as page:
                await work(console, d, page)

    asyncio.run(asyncio.wait_for(run(), 120))
