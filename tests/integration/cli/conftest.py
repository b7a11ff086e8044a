"""One Spark for all tests of commands, left running until the last of them."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.integration.cli.agent import Agent
from tests.integration.cli.command import Spark, environment


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """The data folder of a Spark that is up."""
    folder = tmp_path_factory.mktemp("cli")
    spark = Spark(folder, environment(folder / "home", folder / "user"))
    started = spark("up", "--detach", "--http-port", "0", "--grpc-port", "0")
    assert started.code == 0, started.err
    yield folder / "home"
    assert spark("down").code == 0


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the project that the agent has worked in."""
    return tmp_path_factory.mktemp("project").resolve()


@pytest.fixture(scope="session")
def agent(home: Path, project: Path) -> Agent:
    """An agent that has stumbled over the same thing in two sessions, and was told so in the second."""
    agent = Agent(home, project)
    assert agent.stumble("first-session") == ("", "")
    told = agent.stumble("second-session")
    assert any("what worked: `pytest tests`" in text for text in told)
    return agent


@pytest.fixture
def spark(home: Path, project: Path, tmp_path: Path) -> Spark:
    """The command in the project's folder, against the Spark that is up."""
    return Spark(project, environment(home, tmp_path / "user"))
