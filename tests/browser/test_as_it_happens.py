"""Decisions appear on the first page by themselves."""

from __future__ import annotations

import asyncio
import time
from statistics import median

from playwright.async_api import Page, expect

from tests.browser.conftest import OpenVisit, Seen
from tests.integration.system.coding_agent import Agent
from tests.integration.system.running_spark import Spark

ON_SCREEN_SECONDS = 1.0
"""What the project's own plan allows from an event to the screen."""
LINES = 100
ROW = "#feed > .decision"
HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
  document.dispatchEvent(new Event('visibilitychange'));
}"""
"""As a browser hides a page in another tab: it lets go of its connection, and comes again."""

APPEARS = """(text) => new Promise((resolve) => {
  const row = () => [...document.querySelectorAll('#feed > .decision')].find((each) => each.textContent.includes(text));
  if (row()) return resolve(row().id);
  const watch = new MutationObserver(() => { if (row()) { watch.disconnect(); resolve(row().id); } });
  watch.observe(document.querySelector('#feed'), {childList: true, subtree: true});
})"""
"""The id of the row with a text, at the moment it comes: a locator looks again only after up to half a second."""

NOTE_FIGURES = """EventSource = class extends EventSource {
  constructor(address) {
    super(address);
    this.addEventListener('figures', () => { document.documentElement.dataset.told = 'yes'; });
  }
}"""


async def live(page: Page) -> None:
    """Waits until the page hears of decisions."""
    await expect(page.locator("[data-state]")).to_have_text("Live")


async def test_a_decision_is_on_the_screen_within_a_second_of_its_hook(
    visit: OpenVisit, worked: Seen, spark: Spark
) -> None:
    here = await visit()
    page = await here.look("/")
    await live(page)
    async with spark.http() as client:
        agent = Agent(client, "/srv/live")
        decided, took = "", list[float]()
        for number in range(5):
            appears = asyncio.ensure_future(page.evaluate(APPEARS, f"make target-{number}"))
            began = time.monotonic()
            decided = (await agent.works(f"make target-{number}")).headers["spark-decision"]
            assert await appears == f"d-{decided}"
            took.append(time.monotonic() - began)
    assert median(took) < ON_SCREEN_SECONDS, took
    assert await page.locator(ROW).first.get_attribute("id") == f"d-{decided}"
    assert here.wrong == []


async def test_the_figures_above_follow(visit: OpenVisit, worked: Seen, spark: Spark) -> None:
    here = await visit()
    page = await here.look("/")
    await live(page)
    decisions = page.locator(".figures > div", has_text="Decisions").locator("dd").first
    before = int((await decisions.inner_text()).replace("\u202f", ""))
    async with spark.http() as client:
        await Agent(client, "/srv/live").works("make figures")
    await expect(decisions).to_have_text(f"{before + 1}")
    assert here.wrong == []


async def test_a_pause_keeps_the_page_still_and_loses_nothing(visit: OpenVisit, worked: Seen, spark: Spark) -> None:
    here = await visit()
    page = await here.look("/")
    await live(page)
    await page.get_by_role("button", name="Pause").click()
    before = await page.locator(ROW).first.get_attribute("id")
    async with spark.http() as client:
        agent = Agent(client, "/srv/live")
        for word in ("one", "two"):
            await agent.works(f"make paused-{word}")
    await expect(page.locator("[data-state]")).to_have_text("Paused")
    await expect(page.locator("[data-held]")).to_have_text("2 waiting")
    assert await page.locator(ROW).first.get_attribute("id") == before
    await page.get_by_role("button", name="Go on").click()
    await expect(page.locator(ROW).nth(0)).to_contain_text("make paused-two")
    await expect(page.locator(ROW).nth(1)).to_contain_text("make paused-one")
    assert here.wrong == []


async def test_figures_are_not_changed_under_the_readers_hands(visit: OpenVisit, worked: Seen, spark: Spark) -> None:
    here = await visit()
    await here.page.add_init_script(NOTE_FIGURES)
    page = await here.look("/")
    await live(page)
    await page.locator("#figures summary").first.focus()
    async with spark.http() as client:
        await Agent(client, "/srv/live").works("make under-hands")
    await expect(page.locator("html")).to_have_attribute("data-told", "yes")
    await expect(page.locator(ROW, has_text="make under-hands")).to_have_count(1)
    assert await page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert here.wrong == []


async def test_a_page_says_when_it_is_not_connected_paused_or_not(visit: OpenVisit, worked: Seen) -> None:
    here = await visit()
    page = await here.look("/")
    await live(page)
    state, button = page.locator("[data-state]"), page.locator("[data-pause]")
    await here.context.set_offline(True)
    # Spark is not asked again but by a page that comes back into view.
    await page.evaluate(HIDE, True)
    await page.evaluate(HIDE, False)
    await expect(state).to_have_text("Not connected; trying again")
    for _ in range(2):
        await button.click()
        assert await state.inner_text() == "Not connected; trying again"
    await button.click()
    await here.context.set_offline(False)
    await expect(state).to_have_text("Paused", timeout=15_000)
    await button.click()
    await expect(state).to_have_text("Live")


async def test_what_happened_while_nobody_listened_is_made_up_for(visit: OpenVisit, worked: Seen, spark: Spark) -> None:
    here = await visit()
    page = await here.look("/")
    await live(page)
    await page.evaluate(HIDE, True)
    async with spark.http() as client:
        await Agent(client, "/srv/live").works("make while-away")
    await page.evaluate(HIDE, False)
    await expect(page.locator(ROW, has_text="make while-away")).to_have_count(1)
    assert here.wrong == []


async def test_the_list_never_grows_beyond_a_hundred_lines(visit: OpenVisit, worked: Seen, spark: Spark) -> None:
    here = await visit()
    page = await here.look("/")
    await live(page)
    async with spark.http() as client:
        agent = Agent(client, "/srv/live")
        for number in range(LINES + 30):
            await agent.works(f"make many-{number}")
    await expect(page.locator(ROW).first).to_contain_text(f"make many-{LINES + 29}")
    assert await page.locator(ROW).count() == LINES
    ids = await page.locator(ROW).evaluate_all("lines => lines.map(line => line.id)")
    assert len(set(ids)) == LINES
    assert here.wrong == []
