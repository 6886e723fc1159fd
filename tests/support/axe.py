"""What every page must hold for every reader: WCAG 2.2 AA as axe-core sees it, and no sideways
scrolling.

axe-core comes inside the axe-playwright-python wheel and runs in the page, whatever its
content-security policy.
"""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

_STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OPTIONS = {"runOnly": {"type": "tag", "values": _STANDARD}, "resultTypes": ["violations"]}
_AXE = Axe()


async def violations(page: Page) -> list[str]:
    """Rule, what it wants and where it is broken, a line each; empty for a page that holds."""
    found = (await _AXE.run(page, options=_OPTIONS)).response["violations"]
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:160]} ({node['failureSummary']})"
        for rule in found
        for node in rule["nodes"]
    ]


async def misfits(page: Page) -> list[str]:
    """What makes a page scroll sideways, and what is too small to press with a thumb (44 px)."""
    found: list[str] = await page.evaluate(
        """() => {
        const shown = (e) => e.checkVisibility({ visibilityProperty: true });
        const small = [...document.querySelectorAll('button, summary, .tel, .button, nav a')]
            .filter((e) => shown(e) && e.getBoundingClientRect().height < 44)
            .map((e) => `under 44 px: ${e.outerHTML.slice(0, 120)}`);
        if (document.documentElement.scrollWidth <= innerWidth) return small;
        const wide = [...document.querySelectorAll('body *')]
            .filter((e) => shown(e) && e.getBoundingClientRect().right > innerWidth + 1)
            .map((e) => `too wide: ${e.outerHTML.slice(0, 120)}`);
        return [...small, 'scrolls sideways', ...wide.slice(0, 5)];
        }"""
    )  # fmt: skip
    return found
