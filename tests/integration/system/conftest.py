from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.integration.metric_text import happened
from tests.integration.system.coding_agent import Agent, failing, sequence_of, unknown_flag
from tests.integration.system.running_spark import Spark


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[Spark]:
    """One Spark for the tests of a module; none of them may take it down."""
    spark = Spark.up(tmp_path_factory.mktemp("system") / "home")
    yield spark
    assert spark.stop() == 0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder that is not there yet."""
    return tmp_path / "home"


StartSpark = Callable[..., Spark]


@pytest.fixture
def up(home: Path) -> Generator[StartSpark]:
    """Starts a Spark of the test's own on `home`; what still runs at the end is stopped."""
    started: list[Spark] = []

    def start(*words: str, **options: object) -> Spark:
        spark = Spark.up(home, *words, **options)  # pyright: ignore[reportArgumentType]
        started.append(spark)
        return spark

    yield start
    for spark in started:
        spark.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def unharmed(system: Spark) -> AsyncGenerator[None]:
    """After all of them a normal hook is served and learnt, nothing was set aside as poison, and nothing was thrown."""
    yield
    async with system.http() as client:
        reply = await Agent(client, "/srv/unharmed").fails(failing("unharmed"), unknown_flag("unharmed"))
        assert sequence_of(reply) > 0
        assert await system.settle(sequence_of(reply)) >= sequence_of(reply)
        assert not happened((await client.get("/metrics")).text, 'result="dead"')
    assert "Traceback" not in system.said


@pytest.fixture(params=["tcp", "unix"])
async def client(request: pytest.FixtureRequest, system: Spark) -> AsyncGenerator[httpx.AsyncClient]:
    """A client by each way in."""
    async with system.http() if request.param == "tcp" else system.unix() as opened:
        yield opened
