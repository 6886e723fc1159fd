"""Every page for every reader: WCAG 2.2 AA, landmarks, phone and desk, dark and light, both
languages.

Each page is seen in four of the eight ways, so that every two of (language, width, look) meet.
"""

import asyncio
from typing import Any, NamedTuple

import pytest
from playwright.async_api import Browser, Page, StorageState, expect

from schemas.alerts import Category, Severity
from schemas.directory import Role
from stations.console.frame import navigation
from tests.support.axe import misfits, violations
from tests.support.browser import DESK, PHONE, Served, chromium, page_of, served
from tests.support.browser import sign_in as sign_in_at
from tests.support.desk import PASSWORD, Desk, change

pytestmark = pytest.mark.browser


class Way(NamedTuple):
    """How a page is looked at."""

    language: str
    size: tuple[int, int]
    look: str


WAYS = (
    Way("zh", DESK, "light"), Way("zh", PHONE, "dark"),
    Way("en", DESK, "dark"), Way("en", PHONE, "light"),
)  # fmt: skip
STAFF = {Role.DUTY: "east-1", Role.SUPERVISOR: "street-1", Role.ADMIN: "city-1"}


async def _busy(d: Desk) -> None:
    """A red that nobody has, one in hand, an orange, a test, and tasks; one of every role."""
    care = {"severity": Severity.ORANGE, "category": Category.CARE}
    device = {"severity": Severity.BLUE, "category": Category.DEVICE}
    await d.raised(change("h1", at=d.now, late=True))
    await d.raised(change("h3", at=d.now, rule="night-absence", **care))  # type: ignore[arg-type]
    await d.raised(change("h5", at=d.now, test=True))
    await d.raised(change("h7", at=d.now, rule="device-silent", **device))  # type: ignore[arg-type]
    for role, staff in STAFF.items():
        await d.rows("UPDATE staff SET role = %s WHERE id = %s RETURNING 1", role, staff)


async def _state(browser: Browser, console: Served, staff: str) -> StorageState:
    """Signed in, on shift."""
    async with page_of(browser) as page:
        await page.goto(f"{console.url}/login")
        await page.fill("[name=staff]", staff)
        await page.fill("[name=password]", PASSWORD)
        await page.press("[name=password]", "Enter")
        await page.wait_for_selector("body.framed")
        return await page.context.storage_state()


async def _problems(page: Page, url: str, way: Way) -> list[str]:
    await page.goto(f"{url}{'&' if '?' in url else '?'}lang={way.language}")
    await page.wait_for_selector("main")
    where = f"{url} {way}"
    headings = await page.locator("h1").count()
    wrong = [] if headings == 1 else [f"{headings} first headings"]
    return [f"{where}: {x}" for x in wrong + await violations(page) + await misfits(page)]


async def _seen(browser: Browser, state: StorageState | None, urls: list[str]) -> list[str]:
    wrong: list[str] = []
    for way in WAYS:
        options: dict[str, Any] = {"color_scheme": way.look, "storage_state": state}
        if way.size == PHONE:
            options |= {"has_touch": True, "is_mobile": True}
        async with page_of(browser, size=way.size, quiet=True, **options) as page:
            for url in urls:
                wrong += await _problems(page, url, way)
    return wrong


@pytest.mark.timeout(420)
@pytest.mark.parametrize("role", list(Role))
def test_every_page_of_a_role_holds_for_every_reader(store: str, role: Role) -> None:
    async def run() -> None:
        async with served(store) as console, chromium() as browser:
            d = await console.desk()
            await _busy(d)
            urls = [f"{console.url}{entry.path}" for entry in navigation(role)]
            urls.append(f"{console.url}/no-such-page")
            if role is Role.DUTY:
                ((incident,),) = await d.rows("SELECT id FROM incident WHERE home = 'h1'")
                urls.append(f"{console.url}/incidents/{incident}")
            state = await _state(browser, console, STAFF[role])
            assert await _seen(browser, state, urls) == []

    asyncio.run(asyncio.wait_for(run(), 400))


def test_the_check_itself_sees_what_is_wrong() -> None:
    async def run() -> None:
        async with chromium() as browser, page_of(browser, size=PHONE) as page:
            await page.set_content(
                "<html><body style='margin:0'><button style='height:20px'>x</button>"
                "<p style='color:#bbb'>pale</p><input>"
                "<div style='width:900px'>wide</div></body></html>"
            )
            told = "\n".join([*await violations(page), *await misfits(page)])
        for rule in ("html-has-lang", "color-contrast", "label", "scrolls sideways", "under 44 px"):
            assert rule in told

    asyncio.run(asyncio.wait_for(run(), 60))


def test_the_way_in_holds_for_every_reader(store: str) -> None:
    async def run() -> None:
        async with served(store) as console, chromium() as browser:
            assert await _seen(browser, None, [f"{console.url}/login"]) == []

    asyncio.run(asyncio.wait_for(run(), 120))


def test_a_page_has_its_landmarks_and_a_way_past_the_frame(store: str) -> None:
    async def run() -> None:
        async with served(store) as console, chromium() as browser, page_of(browser) as page:
            await sign_in_at(page, console.url, "east-1")
            found = page.get_by_role
            for landmark in (found("banner"), found("navigation"), found("main"),
                             found("complementary")):  # fmt: skip
                assert await landmark.count() == 1
            await page.keyboard.press("Tab")
            await page.keyboard.press("Enter")
            assert await page.evaluate("document.activeElement.id") == "main"
            d = await console.desk()
            await d.raised(change("h1", at=d.now))
            await expect(page.locator(".card")).to_be_visible()
            await page.emulate_media(media="print")  # what is read stays, what is pressed goes
            for gone in ("nav", ".strip", ".acts", ".prefs"):
                assert await page.locator(f"{gone}:visible").count() == 0, gone
            assert await page.locator(".card .where:visible").count() == 1

    asyncio.run(asyncio.wait_for(run(), 60))


def test_the_look_changes_without_loading_anew_and_stays(store: str) -> None:
    async def run() -> None:
        async with served(store) as console, chromium() as browser, page_of(browser) as page:
            await sign_in_at(page, console.url, "east-1")
            await page.evaluate("window.notReloaded = true")
            background = "getComputedStyle(document.body).backgroundColor"
            light = await page.evaluate(background)
            await page.click("#theme")
            dark = await page.evaluate(background)
            assert dark != light
            assert await page.evaluate("window.notReloaded")
            await page.reload()
            assert await page.evaluate(background) == dark

    asyncio.run(asyncio.wait_for(run(), 60))
