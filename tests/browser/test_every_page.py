"""Every page in both themes and at two widths: it fits, is quiet on the console, and axe finds nothing grave."""

from __future__ import annotations

from typing import Literal

import pytest

from tests.browser.conftest import EVIL, OpenVisit, Seen, recorded
from tests.browser.visit import Visit
from tests.integration.system.coding_agent import Agent
from tests.integration.system.running_spark import Spark

LISTS = ["/", "/advice", "/advice?shown=said", "/advice?silence=no_lesson", "/lessons", "/lessons?retired=1"]
OTHERS = ["/levels", "/levels?span=7d", "/levels?span=400d", "/sessions"]


async def paths_of(visit: Visit, seen: Seen) -> list[str]:
    """All pages, those of single things among them."""
    page = await visit.look("/advice?shown=said")
    said = await page.get_attribute(".decision.said > a", "href")
    await visit.look("/advice?silence=no_lesson")
    silent = await page.get_attribute(".decision.silent > a", "href")
    assert said is not None
    assert silent is not None
    return [*LISTS, *OTHERS, said, silent, f"/sessions/{seen.session}"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
async def test_a_page_fits_is_quiet_and_can_be_read_by_everybody(
    visit: OpenVisit, worked: Seen, theme: Literal["light", "dark"], width: int
) -> None:
    here = await visit(width=width, color_scheme=theme)
    found: dict[str, object] = {}
    for path in await paths_of(here, worked):
        page = await here.look(path)
        for each in await page.locator("main details > summary").all():
            await each.click()
        if beyond := await here.width_beyond():
            found[f"{path} is too wide"] = beyond
        if grave := await here.violations():
            found[f"{path} cannot be read"] = grave
    assert found == {}
    assert here.wrong == []


async def test_what_tools_and_users_wrote_is_shown_as_it_is_and_never_run(visit: OpenVisit, worked: Seen) -> None:
    here = await visit()
    page = await here.look(f"/sessions/{worked.session}")
    assert await page.get_by_text(EVIL).count() >= 1
    assert await page.locator("main script, main img").count() == 0
    assert not (await page.title()).startswith("taken")
    assert here.wrong == []


async def test_letters_from_right_to_left_turn_nothing_else_round(visit: OpenVisit, worked: Seen, spark: Spark) -> None:
    override = "\u202e"
    async with spark.http() as client:
        agent = Agent(client, "/srv/turned")
        for command in (f"open {override}gnp.exe", "echo שלום"):
            await agent.works(command)
    await recorded(spark)
    here = await visit()
    page = await here.look(f"/sessions/{agent.session}")
    assert await page.locator(".step code").all_inner_texts() == ["open \ufffdgnp.exe", "echo שלום"]
    edges = """lines => lines.map(line => [line.querySelector('code').getBoundingClientRect().right,
      line.querySelector('.quiet').getBoundingClientRect().left])"""
    assert all(end < start for end, start in await page.locator(".line-one").evaluate_all(edges))
    assert here.wrong == []


async def test_a_page_comes_without_anything_from_elsewhere(visit: OpenVisit, worked: Seen) -> None:
    here = await visit()
    asked: list[str] = []
    here.page.on("request", lambda request: asked.append(request.url))
    for path in await paths_of(here, worked):
        await here.look(path)
    assert [url for url in asked if not url.startswith(f"{here.spark.run.http}/")] == []


async def test_a_chart_is_there_as_a_table_too(visit: OpenVisit, worked: Seen) -> None:
    here = await visit()
    page = await here.look("/levels")
    chart = page.locator("figure.chart", has_text="Decisions by route")
    await chart.get_by_text("As a table").click()
    assert await chart.locator("tbody tr").count() == 25
    assert await chart.locator("thead th").count() == 5


@pytest.mark.parametrize("path", ["/advice/00000000000000000000000000", "/sessions/no-such-session"])
async def test_what_is_not_there_is_told_in_words(visit: OpenVisit, path: str) -> None:
    here = await visit()
    reply = await here.page.goto(here.spark.run.http + path)
    assert reply is not None
    assert reply.status == 404
    assert await here.page.get_by_role("heading", name="Not here").is_visible()
    assert await here.violations() == []
