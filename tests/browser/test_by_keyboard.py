"""All of it can be done without a mouse, and one sees where one is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from playwright.async_api import Page

from tests.browser.conftest import OpenVisit, Seen

PAGES = ["Now", "Advice", "Lessons", "Health", "Sessions"]
LINE_PIXELS = 40
FOCUSED = """() => {
  const here = document.activeElement;
  const style = getComputedStyle(here);
  const words = (here.innerText || here.getAttribute('aria-label') || '').trim().split('\\n')[0];
  const marked = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return [here.tagName, words, marked, here.getBoundingClientRect().top];
}"""


@dataclass(frozen=True)
class Stop:
    """Where the focus is."""

    tag: str
    words: str
    marked: bool
    """Whether one sees that it is there."""
    top: float


async def next_by_tab(page: Page) -> Stop:
    await page.keyboard.press("Tab")
    return Stop(*await page.evaluate(FOCUSED))


async def test_the_first_stop_leads_past_the_navigation(visit: OpenVisit, worked: Seen) -> None:
    here = await visit()
    page = await here.look("/advice")
    assert (await next_by_tab(page)).words == "Skip to the content"
    assert await page.get_by_text("Skip to the content").is_visible()
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"
    assert (await next_by_tab(page)).words == "all decisions"


async def test_stops_come_in_the_order_of_reading_and_each_is_marked(visit: OpenVisit, worked: Seen) -> None:
    here = await visit()
    for path in ("/", "/advice", "/lessons", "/levels", "/sessions"):
        page = await here.look(path)
        stops = [await next_by_tab(page) for _ in range(14)]
        # After the last one comes the browser itself.
        stops = stops[: next((number for number, stop in enumerate(stops) if stop.tag == "BODY"), None)]
        names = [stop.words for stop in stops]
        assert names[:8] == ["Skip to the content", "Spark", *PAGES, "Theme: system"]
        assert [stop for stop in stops if not stop.marked] == []
        tops = [stop.top for stop in stops[8:]]
        assert all(later >= before - LINE_PIXELS for before, later in pairwise(tops)), names


async def test_a_decision_is_opened_and_judged_by_keys_alone(visit: OpenVisit, worked: Seen) -> None:
    here = await visit()
    page = await here.look("/advice?shown=said")
    await page.locator(".decision.said > a").first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/advice/*")
    await page.get_by_role("button", name="Helpful", exact=True).first.focus()
    await page.keyboard.press("Enter")
    await page.get_by_text("Noted: helpful").wait_for()
    assert here.wrong == []
