"""The runbooks that pages name are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.service_levels import levels
from gateway.dashboard.runbooks import of_fault, of_level

RUNBOOKS = Path(__file__).parents[4] / "docs" / "runbooks"
FAULTS = (
    "hook late",
    "hook failed",
    "bus decision_lost",
    "bus moment_lost",
    "consumer:memory dead",
    "consumer:memory retried",
)


@pytest.mark.parametrize("name", levels())
def test_the_runbook_of_a_level_is_there(name: str) -> None:
    assert (RUNBOOKS / f"{of_level(name)}.md").is_file()


@pytest.mark.parametrize("name", FAULTS)
def test_the_runbook_of_a_fault_is_there(name: str) -> None:
    assert (RUNBOOKS / f"{of_fault(name)}.md").is_file()
