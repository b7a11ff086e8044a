"""The user has the last word on a lesson, also without scripts."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import OpenVisit, Seen
from tests.browser.visit import Visit

MINE = "In this project say `pytest --pear` and nothing else."


def lesson_about(page: Page, word: str) -> Locator:
    """The lesson on the failure that a word made its own."""
    return page.locator(".lesson", has_text=f"--{word}-fast")


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_lesson_is_edited_and_the_words_are_taken_back(visit: OpenVisit, worked: Seen, scripts: bool) -> None:
    here = await visit(java_script_enabled=scripts)
    page = await here.look("/lessons")
    learnt = lesson_about(page, "pear")
    anchor = await learnt.get_attribute("id")
    words = await learnt.locator(".text").inner_text()
    await learnt.locator("summary", has_text="Edit").click()
    await learnt.get_by_label("What it is to say").fill(MINE)
    await learnt.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text("It says what you wrote from now on.")
    mine = page.locator(f"#{anchor}")
    await expect(mine.locator(".text")).to_have_text(MINE)
    await expect(mine.get_by_text("In your words")).to_be_visible()
    await mine.locator("summary", has_text="Edit").click()
    await mine.get_by_role("button", name="Say again what was learnt").click()
    await expect(page.get_by_role("status")).to_contain_text("It says again what was learnt.")
    await expect(page.locator(f"#{anchor} .text")).to_have_text(words)
    assert here.wrong == []


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_lesson_is_retired_and_taken_back(visit: OpenVisit, worked: Seen, scripts: bool) -> None:
    here = await visit(java_script_enabled=scripts)
    page = await here.look("/lessons")
    anchor = await lesson_about(page, "plum").get_attribute("id")
    lesson = page.locator(f"#{anchor}")
    retire = lesson.get_by_role("button", name="Retire it")
    # One look at what it means comes before it.
    await expect(retire).not_to_be_visible()
    await lesson.locator("summary", has_text="Retire").click()
    await retire.click()
    await expect(page.get_by_role("status")).to_contain_text("It is not said any more.")
    await expect(lesson.get_by_text("you said so")).to_be_visible()
    await here.look("/lessons")
    await expect(lesson).to_have_count(0)
    await page.get_by_label("also those out of use").check()
    await page.get_by_role("button", name="Show", exact=True).click()
    await lesson.locator("summary", has_text="Restore").click()
    await lesson.get_by_role("button", name="Restore it").click()
    await expect(page.get_by_role("status")).to_contain_text("It may be said again.")
    await here.look("/lessons")
    await expect(lesson).to_have_count(1)
    assert here.wrong == []


async def test_a_decision_leads_to_its_lesson_and_the_lesson_to_its_sessions(visit: OpenVisit, worked: Seen) -> None:
    here: Visit = await visit()
    page = await here.look("/advice?shown=said")
    await page.locator(".decision.said > a", has_text="--apple-fast").first.click()
    await page.locator(".facts a[href^='/lessons']").first.click()
    await expect(page.locator(".lesson")).to_have_count(1)
    await expect(page.locator(".lesson .text")).to_contain_text("apple")
    await page.locator(".lesson .facts a").first.click()
    await expect(page.get_by_role("heading", name="Session in orchard")).to_be_visible()
    assert here.wrong == []
