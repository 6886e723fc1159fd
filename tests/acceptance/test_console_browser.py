"""The duty console in a real browser: an alert appears, is answered, and the store says by whom."""

import pytest
from playwright.async_api import Browser, expect

from schemas.alerts import Category, Severity
from tests.support.axe import misfits
from tests.support.browser import PHONE, Served, in_browser, page_of, sign_in
from tests.support.desk import Desk, change

pytestmark = pytest.mark.browser


def test_a_card_appears_without_reload_and_is_worked_to_its_end(store: str) -> None:
    async def run(console: Served, d: Desk, browser: Browser) -> None:
        async with page_of(browser) as page:
            await sign_in(page, console.url, "east-1")
            await expect(page.locator("#empty")).to_be_visible()
            await page.evaluate("window.notReloaded = true")
            await page.click("#start")
            await expect(page.locator("#sound")).to_be_hidden()
            await d.raised(change("h1", at=d.now))
            card = page.locator("article.card")
            await expect(card).to_contain_text("幸福路1号")
            await expect(card).to_be_focused()
            await expect(page).to_have_title("(1) 守望 · 值守台")
            for action, shown in (
                ("acknowledge", "已接警"), ("called", "已通话"),
                ("on_the_way", "在路上"), ("on_site", "已到场"),
            ):  # fmt: skip
                await page.wait_for_timeout(950)  # a double tap is ignored for that long
                await card.locator(f"button.primary[value={action}]").click()
                await expect(card.locator(".holder")).to_contain_text(shown)
            await page.wait_for_timeout(950)
            await card.locator(".closing > summary").click()
            await card.locator("button[value='genuine:seen']").click()
            await expect(card).to_have_count(0)
            await expect(page.locator("#empty")).to_be_visible()
            assert await page.evaluate("window.notReloaded")
        rows = await d.rows("SELECT state, holder, outcome, reached FROM incident")
        assert rows == [("closed", "east-1", "genuine", "seen")]
        done = await d.rows(
            "SELECT kind FROM alert_event"
            " WHERE incident IS NOT NULL AND staff = 'east-1' ORDER BY id"
        )
        assert [kind for (kind,) in done] == [
            "acknowledge", "called", "on_the_way", "on_site", "close",
        ]  # fmt: skip

    in_browser(store, run)


def test_it_works_on_a_phone_in_both_languages(store: str) -> None:
    async def run(console: Served, d: Desk, browser: Browser) -> None:
        await d.raised(change("h1", at=d.now))
        silent = change(
            "h3", at=d.now, rule="device-silent", severity=Severity.BLUE, category=Category.DEVICE
        )
        await d.raised(silent)
        async with page_of(browser, size=PHONE, has_touch=True, is_mobile=True) as page:
            await sign_in(page, console.url, "east-1")
            assert await misfits(page) == []
            take = page.locator("button[value=acknowledge]")
            await take.scroll_into_view_if_needed()
            await take.tap()
            await expect(page.locator(".holder")).to_contain_text("您在处理")
            await page.locator(".closing > summary").tap()
            await page.locator("details.full > summary").tap()
            assert await misfits(page) == []
            await page.goto(f"{console.url}/?lang=en")
            await page.wait_for_selector("body[data-link=live]")
            await expect(page.locator(".holder")).to_contain_text("You have it")
            assert await misfits(page) == []
        assert await d.rows("SELECT holder FROM incident") == [("east-1",)]

    in_browser(store, run)


def test_two_desks_see_each_other_and_input_survives(store: str) -> None:
    async def run(console: Served, d: Desk, browser: Browser) -> None:
        async with page_of(browser, quiet=True) as east, page_of(browser, quiet=True) as street:
            await sign_in(east, console.url, "east-1")
            await sign_in(street, console.url, "street-1")
            await d.raised(change("h1", at=d.now))
            await east.click("button[value=acknowledge]")
            await east.wait_for_timeout(950)
            await east.locator(".closing > summary").click()
            await east.fill("textarea[name=note]", "电话里说话清楚")
            await east.locator("details.full > summary").click()
            await east.check("input[value=false_alarm]")
            await east.click("button[value=escalate]")
            await expect(street.locator(".holder")).to_contain_text("east值班 在处理")
            await expect(street.locator("article button.primary")).to_have_count(0)
            # The card was replaced by what the street's joining changed; nothing typed is gone.
            await expect(east.locator(".told")).to_contain_text("街道中心")
            assert await east.input_value("textarea[name=note]") == "电话里说话清楚"
            assert await east.is_checked("input[value=false_alarm]")
            await east.wait_for_timeout(950)
            await east.locator("details.full button.primary").click()
            await expect(east.locator("[data-said=close]")).to_contain_text("如何确认老人情况")
            assert await east.input_value("textarea[name=note]") == "电话里说话清楚"
            await east.wait_for_timeout(950)
            await east.check("input[value=spoken]")
            await east.locator("details.full button.primary").click()
            await expect(east.locator("article")).to_have_count(0)
            await expect(street.locator("article")).to_have_count(0)
        rows = await d.rows("SELECT outcome, reached, note FROM incident")
        assert rows == [("false_alarm", "spoken", "电话里说话清楚")]

    in_browser(store, run)


def test_a_lost_connection_is_said_loudly_and_heals_with_nothing_missed(store: str) -> None:
    async def run(console: Served, d: Desk, browser: Browser) -> None:
        async with page_of(browser, quiet=True) as page:
            await sign_in(page, console.url, "east-1")
            await d.raised(change("h1", at=d.now))
            await expect(page.locator("article")).to_have_count(1)
            await console.stop()
            await expect(page.locator("#lost")).to_be_visible(timeout=5500)
            await d.raised(change("h3", at=d.now))
            await d.rows("UPDATE incident SET state = 'closed' WHERE home = 'h1' RETURNING 1")
            await console.start()
            await expect(page.locator("#lost")).to_be_hidden()
            await expect(page.locator("article")).to_have_count(1)
            await expect(page.locator("article")).to_contain_text("幸福路3号")

    in_browser(store, run)


def test_a_session_that_ended_elsewhere_is_said_loudly(store: str) -> None:
    async def run(console: Served, d: Desk, browser: Browser) -> None:
        async with page_of(browser, quiet=True) as page:
            await sign_in(page, console.url, "east-1")
            await d.rows("DELETE FROM console_session RETURNING 1")
            await console.stop()
            await console.start()
            await expect(page.locator("#ended")).to_be_visible()
            await expect(page.locator("#ended a")).to_have_attribute("href", "/login")

    in_browser(store, run)


def test_a_red_takes_the_focus_but_not_the_pen(store: str) -> None:
    async def run(console: Served, d: Desk, browser: Browser) -> None:
        silent = change(
            "h1", at=d.now, rule="device-silent", severity=Severity.BLUE, category=Category.DEVICE
        )
        await d.raised(silent)
        async with page_of(browser) as page:
            await sign_in(page, console.url, "east-1")
            await page.locator(".task input[name=note]").press_sequentially("换")
            await d.raised(change("h3", at=d.now))
            await expect(page.locator("#new-red")).to_be_visible()
            await page.keyboard.type("电池")
            assert await page.input_value(".task input[name=note]") == "换电池"
            await page.click("#new-red a")
            await expect(page.locator("article.card")).to_be_focused()
            await page.keyboard.press("Tab")
            await page.keyboard.press("Enter")
            await expect(page.locator(".holder")).to_contain_text("您在处理")
            await expect(page.locator("article.card")).to_be_focused()

    in_browser(store, run)
