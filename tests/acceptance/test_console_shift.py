"""A shift at the desk in a real browser: from the sound test to the message for the next worker."""

import asyncio
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from schemas.alerts import Category, Severity
from tests.support.browser import (
    PHONE,
    Served,
    in_browser,
    page_of,
    sign_in,
)
from tests.support.desk import Desk, change

pytestmark = pytest.mark.browser

# What a browser would put on the worker's screen while they look at something else.
_NOTES = """
window.notes = [];
Document.prototype.hasFocus = () => false;
window.Notification = class extends EventTarget {
    static permission = 'granted';
    constructor(title, options) {
        super();
        window.notes.push(title + ' ' + JSON.stringify(options));
    }
};
"""


async def _comes(d: Desk, query: str, rows: list[tuple[object, ...]]) -> None:
    """What the page sent arrives in the store."""
    for _ in range(200):
        if await d.rows(query) == rows:
            return
        await asyncio.sleep(0.05)
    assert await d.rows(query) == rows


async def _press(page: Page, key: str) -> None:
    await page.wait_for_timeout(950)  # a second press is ignored for that long
    await page.keyboard.press(key)


async def _begins_and_answers(east: Page, console: Served, d: Desk) -> None:
    """A red has the screen until it is touched; from there the keyboard is enough."""
    await sign_in(east, console.url, "east-1")
    await expect(east.locator("#sound")).to_be_visible()
    await east.click("#start")
    await expect(east.locator("#sound")).to_be_hidden()
    await _comes(d, "SELECT staff FROM shift WHERE ended_at IS NULL", [("east-1",)])
    await d.raised(change("h1", at=await console.now()))
    await expect(east.locator("body[data-ringing]")).to_have_count(1)
    await expect(east.locator("article.card")).to_be_focused()
    await _press(east, "a")
    await expect(east.locator("body[data-ringing]")).to_have_count(0)
    await expect(east.locator(".holder")).to_contain_text("您在处理 · 已接警")
    for shown in ("已通话", "在路上"):
        await _press(east, "a")
        await expect(east.locator(".holder")).to_contain_text(shown)


async def _hands_over(east: Page, street: Page, console: Served) -> None:
    """Something else comes up: a colleague at the street is asked, by name, and ends it."""
    await sign_in(street, console.url, "street-1")
    await expect(street.locator("#empty")).to_be_visible()
    await east.wait_for_timeout(950)
    await east.click("button[value=escalate]")
    await expect(street.locator("article.card")).to_have_count(1)
    await street.keyboard.press("Escape")
    await east.wait_for_timeout(950)
    await east.click(".handing > summary")
    await east.select_option("select[name=to]", "street-1")
    await east.fill(".handing input[name=note]", "我在另一家，请接手")
    await east.click(".handing button.primary")
    await expect(street.locator(".asked")).to_contain_text("已请 street值班 接手")
    await expect(street.locator("body[data-ringing]")).to_have_count(1)
    await street.click("button[value=acknowledge]")
    await expect(east.locator(".holder")).to_contain_text("street值班 在处理")
    await expect(street.locator(".holder")).to_contain_text("您在处理")
    await street.wait_for_timeout(950)
    await street.click(".closing > summary")
    await street.click("button[value='false_alarm:spoken']")
    await expect(east.locator("#empty")).to_be_visible()


async def _takes_a_telephone_call(east: Page) -> None:
    await east.keyboard.press("m")
    await east.fill("form.find input[name=word]", "老人3")
    await east.press("form.find input[name=word]", "Enter")
    await east.click(".by-hand summary")
    await east.fill(".by-hand input[name=note]", "邻居说敲门没人应")
    await east.click(".by-hand button[value=red]")
    await expect(east.locator("article.card.red")).to_contain_text("幸福路3号")
    await east.click("button[value=acknowledge]")
    await expect(east.locator(".holder")).to_contain_text("您在处理")


async def _leaves(east: Page) -> None:
    """What is still in hand passes on, with a message."""
    await east.click("a[href='/leave']")
    await expect(east.locator(".sheet .said")).to_contain_text("1 起警情")
    await east.fill("textarea[name=note]", "三楼电梯坏了，走楼梯")
    await east.click(".sheet button.primary")
    await expect(east.locator("[name=staff]")).to_be_visible()


async def _goes_on_with_a_phone(phone: Page, console: Served) -> None:
    await sign_in(phone, console.url, "east-1")
    await phone.goto(f"{console.url}/?lang=en")
    await expect(phone.locator("#handover")).to_contain_text("三楼电梯坏了，走楼梯")
    await expect(phone.locator(".holder")).to_contain_text("Nobody has it yet")
    await phone.locator("#start").tap()
    await expect(phone.locator("#sound")).to_be_hidden()
    await phone.locator("button[value=acknowledge]").tap()
    await expect(phone.locator(".holder")).to_contain_text("You have it")


def test_a_night_shift_from_the_sound_test_to_the_message_for_the_next(store: str) -> None:
    async def run(console: Served, d: Desk, browser: Browser) -> None:
        async with page_of(browser) as east, page_of(browser, quiet=True) as street:
            await _begins_and_answers(east, console, d)
            await _hands_over(east, street, console)
            await _takes_a_telephone_call(east)
            await _leaves(east)
        async with page_of(browser, size=PHONE, has_touch=True, is_mobile=True) as phone:
            await _goes_on_with_a_phone(phone, console)
        holders = await d.rows("SELECT home, state, holder FROM incident ORDER BY home")
        assert holders == [("h1", "closed", "street-1"), ("h3", "acknowledged", "east-1")]

    in_browser(store, run)


def test_a_red_rings_on_every_page_and_a_note_names_nobody(store: str) -> None:
    async def run(console: Served, d: Desk, browser: Browser) -> None:
        async with page_of(browser, quiet=True) as page:
            await page.add_init_script(_NOTES)
            await sign_in(page, console.url, "east-1")
            await page.click("#start")
            await _comes(d, "SELECT staff FROM shift WHERE ended_at IS NULL", [("east-1",)])
            await page.click("a[href='/leave']")
            await expect(page.locator("body[data-link=live]")).to_have_count(1)
            await expect(page.locator("#sound")).to_be_hidden()  # heard once: no test again
            await d.raised(change("h1", at=await console.now()))
            await expect(page.locator("#new-red")).to_be_visible()
            await expect(page.locator("body[data-ringing]")).to_have_count(1)
            (note,) = await page.evaluate("window.notes")
            assert "新的红色警情" in note
            for personal in ("老人1", "幸福路", "0571"):
                assert personal not in note
            await page.click("#new-red a")
            await expect(page.locator("article.card")).to_contain_text("幸福路1号")
            await page.goto(f"{console.url}/leave")
            await expect(page.locator("body[data-link=live]")).to_have_count(1)
            console.stopped.append("ladder")
            await expect(page.locator("#stopped")).to_contain_text("ladder")  # within 5 s
            console.stopped.clear()
            await expect(page.locator("#stopped")).to_be_hidden()
            await console.stop()
            await expect(page.locator("#lost")).to_be_visible(timeout=5500)
            await console.start()
            await expect(page.locator("#lost")).to_be_hidden()

    in_browser(store, run)


def test_a_filter_stands_in_the_address_and_hides_nothing_that_asks(store: str) -> None:
    async def run(console: Served, d: Desk, browser: Browser) -> None:
        now = await console.now()
        care = {"rule": "night-absence", "severity": Severity.ORANGE, "category": Category.CARE}
        await d.raised(change("h1", at=now), change("h3", at=now, **care))  # type: ignore[arg-type]
        async with page_of(browser) as page:
            await sign_in(page, console.url, "east-1")
            cards = page.locator("article.card:visible")
            await page.click(".card.orange button[value=acknowledge]")
            await expect(page.locator(".card.orange .holder")).to_contain_text("您在处理")
            await page.keyboard.press("f")
            await page.select_option("#filter select[name=severity]", "red")
            await expect(cards).to_have_count(1)
            await expect(page.locator("#filtered")).to_contain_text("1")
            await page.select_option("#filter select[name=area]", "330105001001")
            assert page.url.endswith("/?severity=red&area=330105001001")
            await page.reload()
            await expect(cards).to_have_count(1)
            # The filter wants reds of east alone; an orange that nobody has is shown all the same.
            later = now + timedelta(seconds=40)
            await d.raised(change("h5", at=later, **care))  # type: ignore[arg-type]
            await expect(cards).to_have_count(2)
            await page.click("#filter button[type=reset]")
            await expect(cards).to_have_count(3)
            assert page.url.endswith("/")

    in_browser(store, run)


def test_the_keys_are_told_on_a_sheet(store: str) -> None:
    async def run(console: Served, d: Desk, browser: Browser) -> None:
        for home in ("h1", "h3"):
            await d.raised(change(home, at=d.now))
            d.passes(1)
        async with page_of(browser) as page:
            await sign_in(page, console.url, "east-1")
            await page.keyboard.press("?")
            await expect(page.locator("#help")).to_contain_text("下一起警情")
            await page.keyboard.press("Escape")
            await expect(page.locator("#help")).to_be_hidden()
            await page.evaluate("document.activeElement.blur()")
            for key, place in (("j", "幸福路1号"), ("j", "幸福路3号"), ("k", "幸福路1号")):
                await page.keyboard.press(key)
                await expect(page.locator("article.card:focus")).to_contain_text(place)
            await page.keyboard.press("a")
            await expect(page.locator("article.card:focus .holder")).to_contain_text("您在处理")

    in_browser(store, run)
