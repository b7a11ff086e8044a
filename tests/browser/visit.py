"""A visit of a browser to a dashboard, which notes all that goes wrong on its pages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Response

from chassis.identity import LOCAL_WORKSPACE, Tokens
from gateway.dashboard.login import new_code
from tests.browser.chromium import AXE
from tests.integration.system.running_spark import Spark

GRAVE = ("serious", "critical")


@dataclass
class Visit:
    """One page of a browser, at a Spark. Any error on the console, any script that fails and any reply that is an
    error is noted in `wrong`; `look` and `send` do not expect any."""

    spark: Spark
    context: BrowserContext
    page: Page
    wrong: list[str] = field(default_factory=list[str])

    @classmethod
    async def begun(cls, spark: Spark, context: BrowserContext) -> Visit:
        """A visit with an empty page."""
        visit = cls(spark, context, await context.new_page())
        visit.page.on("console", visit._console)
        visit.page.on("pageerror", lambda error: visit.wrong.append(f"script: {error}"))
        visit.page.on("response", visit._response)
        return visit

    async def log_in(self) -> None:
        """Comes in by a code, as `spark dashboard` makes one."""
        code = new_code(Tokens({self.spark.token: LOCAL_WORKSPACE}), datetime.now(UTC))
        await self.page.goto(f"{self.spark.run.http}/login?code={code}")

    async def look(self, path: str) -> Page:
        """Opens a page, which must be there."""
        reply = await self.page.goto(self.spark.run.http + path)
        assert reply is not None
        assert reply.status == 200, await reply.text()
        return self.page

    async def width_beyond(self) -> int:
        """Pixels by which the page is wider than the window."""
        return await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    async def violations(self, impacts: Sequence[str] = GRAVE) -> list[str]:
        """What axe finds, by rule and place."""
        await self.page.evaluate(await asyncio.to_thread(AXE.read_text))
        found: dict[str, Any] = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']} ({each['impact']}): {node['html'][:160]} {node['failureSummary']}"
            for each in found["violations"]
            if each["impact"] in impacts
            for node in each["nodes"]
        ]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status} {response.url}")
