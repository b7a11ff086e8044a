"""Every button does what it says, also without scripts."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenVisit, Seen
from tests.browser.visit import Visit


async def open_said(here: Visit) -> Page:
    """The page of a decision at which something was said."""
    page = await here.look("/advice?shown=said")
    await page.locator(".decision.said > a").first.click()
    await page.wait_for_url("**/advice/*")
    return page


async def test_a_code_lets_in_once_and_signing_out_ends_it(visit: OpenVisit, worked: Seen) -> None:
    here = await visit(log_in=False)
    page = here.page
    await page.goto(f"{here.spark.run.http}/")
    await expect(page.get_by_role("heading", name="Who is there?")).to_be_visible()
    assert await here.violations() == []
    assert here.wrong
    here.wrong.clear()
    await here.log_in()
    await page.wait_for_url(f"{here.spark.run.http}/")
    await expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible()
    [cookie] = await here.context.cookies()
    assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")
    assert await page.evaluate("document.cookie") == ""
    assert here.wrong == []
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Signed out")).to_be_visible()
    assert await here.context.cookies() == []
    await page.goto(f"{here.spark.run.http}/advice")
    await expect(page.get_by_role("heading", name="Who is there?")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize(("button", "noted"), [("Not helpful", "not helpful"), ("Too noisy", "too noisy")])
async def test_a_word_on_advice_is_taken_and_shown(
    visit: OpenVisit, worked: Seen, scripts: bool, button: str, noted: str
) -> None:
    here = await visit(java_script_enabled=scripts)
    page = await open_said(here)
    await page.get_by_role("button", name=button).first.click()
    await expect(page.get_by_text(f"Noted: {noted}.")).to_be_visible()
    pressed = page.locator("button[aria-pressed=true]")
    await expect(pressed.filter(has_text=button)).to_have_count(1)
    assert here.wrong == []


async def test_the_theme_is_chosen_and_kept(visit: OpenVisit, worked: Seen) -> None:
    here = await visit(color_scheme="light")
    page = await here.look("/")
    page_color = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(page_color)
    button = page.locator("[data-theme-button]")
    await button.click()
    await expect(button).to_have_text("Theme: light")
    assert await page.evaluate(page_color) == light
    await button.click()
    await expect(button).to_have_text("Theme: dark")
    dark = await page.evaluate(page_color)
    assert dark != light
    await here.look("/lessons")
    assert await page.evaluate(page_color) == dark
    await expect(button).to_have_text("Theme: dark")
    await button.click()
    await expect(button).to_have_text("Theme: system")
    assert await page.evaluate(page_color) == light
    assert here.wrong == []


async def test_a_list_is_narrowed_and_widened_again(visit: OpenVisit, worked: Seen) -> None:
    here = await visit()
    page = await here.look("/advice")
    everything = await page.locator(".decision").count()
    await page.locator("select[name=shown]").select_option("with advice")
    await page.get_by_role("button", name="Show", exact=True).click()
    await page.wait_for_url("**shown=said**")
    assert 0 < await page.locator(".decision.said").count() < everything
    assert await page.locator(".decision:not(.said)").count() == 0
    await page.get_by_role("link", name="Show all").click()
    await expect(page.locator(".decision")).to_have_count(everything)
    for path, name, option in (
        ("/levels", "span", "last 3 days"),
        ("/sessions", "project", "orchard"),
        ("/lessons", "project", "orchard"),
    ):
        await here.look(path)
        await page.locator(f"select[name={name}]").select_option(option)
        await page.get_by_role("button", name="Show", exact=True).click()
        await page.wait_for_url(f"**{path}?**{name}=**")
        await expect(page.locator(f"select[name={name}] option:checked")).to_have_text(option)
    assert here.wrong == []


async def test_the_last_page_of_a_long_list_is_reached(visit: OpenVisit, worked: Seen) -> None:
    here = await visit()
    page = await here.look("/advice")
    seen = await page.locator(".decision").evaluate_all("lines => lines.map(line => line.id)")
    while await page.get_by_role("link", name="Older").count():
        address = page.url
        await page.get_by_role("link", name="Older").click()
        await page.wait_for_url(lambda url, left=address: url != left)
        seen += await page.locator(".decision").evaluate_all("lines => lines.map(line => line.id)")
    assert len(set(seen)) == len(seen)
    [row] = await here.spark.rows("select count(*) from telemetry.decision")
    assert len(seen) == row[0]
    assert here.wrong == []
