"""One Spark with work in it, one Chromium, and visits of the one to the other."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from spark.telemetry.v1.telemetry_pb2 import AwaitRecordedRequest
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub
from tests.browser.chromium import launched, missing
from tests.browser.visit import Visit
from tests.integration.system.coding_agent import Agent, failing, sequence_of, unknown_flag, working
from tests.integration.system.running_spark import ROOMY, Spark

FOLDER = "/srv/orchard"
EVIL = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them need the browser, and share one loop with it."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncGenerator[Browser]:
    """The browser. Where it is missing the tests are skipped, but under CI they fail: there they must run."""
    if lacking := missing():
        if os.environ.get("CI"):
            pytest.fail(lacking, pytrace=False)
        pytest.skip(lacking)
    async with async_playwright() as playwright:
        browser = await launched(playwright.chromium)
        yield browser
        await browser.close()


@dataclass
class Seen:
    """What was done before the tests looked."""

    session: str
    """Of the agent that was advised."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def spark(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Spark]:
    """A Spark that nobody has used."""
    system = Spark.up(tmp_path_factory.mktemp("browser") / "home", environment=ROOMY)
    yield system
    assert system.stop() == 0
    assert "Traceback" not in system.said


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def worked(spark: Spark) -> Seen:
    """An agent learnt something, and another one was told; a prompt and a command hold what would harm a page."""
    async with spark.http() as client:
        first = Agent(client, FOLDER)
        for word in ("apple", "pear", "plum"):
            last = await first.learns(word)
        await spark.settle(sequence_of(last))
        second = Agent(client, FOLDER)
        await second.prompts(f"run the tests of apple {EVIL}")
        await second.send(second.call("PreToolUse", failing("apple")))
        await second.fails(failing("apple"), unknown_flag("apple"))
        await second.works(working("apple"))
        await second.works(f"echo '{EVIL}'")
    await recorded(spark)
    return Seen(second.session)


async def recorded(spark: Spark) -> None:
    """Waits until telemetry has all that happened."""
    async with spark.grpc() as channel:
        await TelemetryServiceStub(channel).AwaitRecorded(AwaitRecordedRequest(), metadata=spark.metadata, timeout=20)


OpenVisit = Callable[..., Awaitable[Visit]]


@pytest_asyncio.fixture(loop_scope="session")
async def visit(chromium: Browser, spark: Spark) -> AsyncGenerator[OpenVisit]:
    """Begin a visit: ``await visit(width=390, color_scheme="dark")``; it comes in unless told ``log_in=False``."""
    async with AsyncExitStack() as contexts:

        async def begin(*, width: int = 1440, height: int = 900, log_in: bool = True, **options: Any) -> Visit:
            context = await chromium.new_context(viewport={"width": width, "height": height}, **options)
            contexts.push_async_callback(context.close)
            begun = await Visit.begun(spark, context)
            if log_in:
                await begun.log_in()
            return begun

        yield begin
