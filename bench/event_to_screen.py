"""`make bench-screen`: how long after a hook its decision stands on the dashboard, in a real Chromium, while 200 hooks
come a second.

The time runs from the first byte of the hook to the change of the page, both by this machine's clock. Exits with 1 when
95 of 100 decisions take longer than 1 s, or when one of them never comes.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from playwright.async_api import Page, async_playwright, expect

from bench.hooks import payload_of
from bench.keep_alive import KeepAlive
from bench.processes import system
from bench.report import Limit, console, keep, show_limits
from bench.rounds import percentile
from chassis.identity import LOCAL_WORKSPACE, Tokens, local_token
from gateway.dashboard.login import new_code
from host.home import Run
from tests.browser.chromium import launched, missing

A_SECOND = 200
SECONDS = 20
AGENTS = 20
LIMIT_S = 1.0
PATIENCE_S = 10.0
LOOK_S = 0.2
EVENT = "PreToolUse"

WATCH = """() => {
  window.seen = {};
  new MutationObserver((changes) => {
    for (const change of changes)
      for (const line of change.addedNodes)
        if (line.id && !(line.id in window.seen)) window.seen[line.id] = Date.now() / 1000;
  }).observe(document.getElementById("feed"), {childList: true});
}"""


async def opened(run: Run, home: Path, page: Page) -> None:
    """Opens the first page, and waits until it hears of decisions."""
    code = new_code(Tokens({local_token(home): LOCAL_WORKSPACE}), datetime.now(UTC))
    await page.goto(f"{run.http}/login?code={code}")
    await expect(page.locator("[data-state]")).to_have_text("Live")
    await page.evaluate(WATCH)


def agent(run: Run, home: Path, number: int, start: float) -> dict[str, float]:
    """One of the agents: sends its share of the hooks at an even pace; when each began, by its decision."""
    begun: dict[str, float] = {}
    place = urlsplit(run.http)
    headers = {"authorization": f"Bearer {local_token(home)}"}
    client = KeepAlive(place.hostname or "", place.port or 0, "/v1/hooks/claude-code", headers)
    for turn in range(number, A_SECOND * SECONDS, AGENTS):
        request = client.request(orjson.dumps(payload_of(EVENT, None, f"screen-{number}", turn)))
        time.sleep(max(0.0, start + turn / A_SECOND - time.monotonic()))
        began = time.time()
        begun[client.exchange(request).header("spark-decision")] = began
    client.close()
    return begun


async def sent(run: Run, home: Path) -> dict[str, float]:
    """Lets all agents send; when each hook began, by its decision."""
    start = time.monotonic() + 0.1
    begun: dict[str, float] = {}
    with ThreadPoolExecutor(AGENTS) as threads:
        loop = asyncio.get_running_loop()
        agents = [loop.run_in_executor(threads, agent, run, home, number, start) for number in range(AGENTS)]
        for each in await asyncio.gather(*agents):
            begun |= each
    # Of a hook that the deadline cut short there is no decision to see.
    begun.pop("", None)
    return begun


async def all_seen(page: Page, wanted: int) -> Mapping[str, float]:
    """When each line came, by the decision, once all have.

    Raises:
        TimeoutError: when one does not come within 10 s.
    """
    async with asyncio.timeout(PATIENCE_S):
        while True:
            seen: dict[str, float] = await page.evaluate("window.seen")
            if len(seen) >= wanted:
                return {line.removeprefix("d-"): at for line, at in seen.items()}
            await asyncio.sleep(LOOK_S)


async def bench(home: Path) -> bool:
    """Measures, reports and keeps the record; whether the limit holds."""
    with system(home) as run:
        async with async_playwright() as playwright:
            browser = await launched(playwright.chromium)
            page = await browser.new_page()
            await opened(run, home, page)
            begun = await sent(run, home)
            seen = await all_seen(page, len(begun))
            await browser.close()
    took = [seen[decision] - began for decision, began in begun.items()]
    figures = {f"p{round(100 * share)}_s": percentile(took, share) for share in (0.5, 0.95, 0.99)}
    console.print(f"{len(took):,} decisions, {A_SECOND} hooks a second: {figures}")
    holds = show_limits([Limit("hook to screen, p95", figures["p95_s"], LIMIT_S, "s")])
    keep("event-to-screen", {"hooks": len(took), "a_second": A_SECOND, **figures})
    return holds


def main() -> None:
    """Runs the benchmark in a folder of its own."""
    if lacking := missing():
        sys.exit(lacking)
    os.environ.pop("SPARK_HOME", None)
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        sys.exit(0 if asyncio.run(bench(Path(folder))) else 1)


if __name__ == "__main__":
    main()
