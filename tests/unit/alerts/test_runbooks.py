"""The runbooks: one for each alert, each with a drill that is there, and nothing in them that Spark does not have."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from host.alerts.definitions import alerts
from host.alerts.settings import SETTINGS as ALERTS
from host.catalog import all_settings
from host.cli.main import VERBS
from host.system import SETTINGS
from tests.integration.runbooks.pages import FOLDER, SECTIONS, Page, pages

REPOSITORY = FOLDER.parents[1]
DRILLS = REPOSITORY / "tests" / "integration" / "runbooks"
LINES_AT_MOST = 60
NAMED = re.compile(r"`(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)`")
VARIABLE = re.compile(r"\bSPARK_[A-Z0-9_]+\b")
SPARK = re.compile(r"(?:^|[`(]|\$\()spark ([a-z][a-z-]*)", re.MULTILINE)
KEY = re.compile(r"\b(?:advisory|inference|synthesizer|prefetch|chat|alerts)\.[a-z0-9_]+")
LINK = re.compile(r"\]\(([a-z0-9-]+\.md)\)")
NO_SETTING = {"SPARK_HOME"}


def drilled() -> dict[str, set[str]]:
    """Of each drill, by `file::test`, the runbooks whose commands it is held to."""
    found: dict[str, set[str]] = {}
    for path in DRILLS.glob("test_drills_*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.AsyncFunctionDef):
                for held in node.decorator_list:
                    if isinstance(held, ast.Call) and isinstance(held.func, ast.Name) and held.func.id == "drills":
                        names = {each.value for each in held.args if isinstance(each, ast.Constant)}
                        found[f"{path.relative_to(REPOSITORY)}::{node.name}"] = {str(name) for name in names}
    return found


def named_in(page: Page) -> str:
    """The drill that a runbook names."""
    found = NAMED.search(page.sections["Drill"])
    assert found is not None, page.name
    return f"{found[1]}::{found[2]}"


def test_each_alert_has_a_runbook() -> None:
    assert set(alerts()) <= set(pages())
    assert all((REPOSITORY / alert.runbook).is_file() for alert in alerts().values())


def test_each_runbook_has_its_drill_and_each_drill_its_runbook() -> None:
    held = drilled()
    assert {name for names in held.values() for name in names} == set(pages())
    assert {name: named_in(page) for name, page in pages().items()} == {
        name: test for test, names in held.items() for name in names
    }


@pytest.mark.parametrize("page", pages().values(), ids=pages())
def test_a_runbook_is_short_and_whole(page: Page) -> None:
    assert len(page.text.splitlines()) < LINES_AT_MOST
    assert tuple(page.sections) == SECTIONS
    assert all(f"**{word}**" in page.text for word in ("You see", "It means"))
    assert page.commands("Look")
    assert page.commands("Verify")


@pytest.mark.parametrize("page", pages().values(), ids=pages())
def test_all_that_it_names_is_there(page: Page) -> None:
    known = {setting.environment for setting in (*SETTINGS, *ALERTS, *all_settings())} | NO_SETTING
    assert set(VARIABLE.findall(page.text)) - known == set()
    assert set(SPARK.findall(page.text)) - set(VERBS) == set()
    keys = {setting.key for setting in (*SETTINGS, *ALERTS, *all_settings())}
    assert set(KEY.findall(page.text)) - keys == set()
    assert [link for link in LINK.findall(page.text) if not (FOLDER / link).is_file()] == []


def test_what_an_alert_tells_to_do_names_what_is_there() -> None:
    known = {setting.environment for setting in (*SETTINGS, *ALERTS, *all_settings())} | NO_SETTING
    for alert in alerts().values():
        assert set(VARIABLE.findall(alert.do)) - known == set(), alert.name
        assert set(SPARK.findall(alert.do)) - set(VERBS) == set(), alert.name


def test_the_index_has_them_all() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert {Path(link).stem for link in LINK.findall(index)} == set(pages())
