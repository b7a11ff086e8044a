"""Which folders belong together: work trees that were seen or reported, and nothing by mere nearness."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest

from chassis.database import Database
from chassis.migrating import migrate
from chassis.migrations import read_migrations, role_of
from gateway.projects import REMEMBERED, Projects
from gateway.repository import Repository
from gateway.roots import Roots
from gateway.sightings import Unusable

WORKSPACE, SESSION = "local", "session"


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    await migrate(database_url, "gateway", read_migrations("gateway"))
    database = Database(database_url, role=role_of("gateway"), size=1)
    yield database
    await database.close()


@pytest.fixture
def projects(database: Database) -> Projects:
    return Projects(Roots(database))


def work_tree(folder: Path, remote: str = "") -> Path:
    """A folder as git makes it."""
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    if remote:
        (folder / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {remote}\n')
    return folder


async def root_of(projects: Projects, folder: str | Path, session: str = SESSION) -> str:
    return (await projects.find(WORKSPACE, str(folder), session)).root


async def kept(database: Database) -> list[str]:
    async with database.connection() as connection:
        return [row[0] for row in await connection.fetch("select root from gateway.project order by root")]


async def test_a_folder_without_a_repository_swallows_nothing(projects: Projects, database: Database) -> None:
    for folder in ("/home/ann", "/home/ann/client-a", "/home/ann/client-b", "/", "/srv"):
        assert await root_of(projects, folder, session=folder) == folder
    assert await kept(database) == []


async def test_a_session_that_walks_down_stays_in_its_project(projects: Projects) -> None:
    assert await root_of(projects, "/srv/shop", "one") == "/srv/shop"
    assert await root_of(projects, "/srv/shop/src/cart", "one") == "/srv/shop"
    assert await root_of(projects, "/srv/shop", "one") == "/srv/shop"
    assert await root_of(projects, "/srv/shopping", "one") == "/srv/shopping"
    assert await root_of(projects, "/srv/shop/src/cart", "two") == "/srv/shop/src/cart"


async def test_a_session_in_the_home_folder_or_above_holds_nothing_together(
    projects: Projects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for wide in ("/", str(tmp_path)):
        assert await root_of(projects, wide, session=wide) == wide
        assert await root_of(projects, tmp_path / "client", session=wide) == str(tmp_path / "client")


async def test_what_lies_in_a_work_tree_belongs_to_it_also_once_it_is_gone(
    projects: Projects, database: Database, tmp_path: Path
) -> None:
    root = work_tree(tmp_path / "shop", "git@example.org:ann/shop.git")
    (root / "src").mkdir()
    assert await root_of(projects, root / "src") == str(root)
    assert await root_of(projects, root / "gone" / "deep", "another") == str(root)
    assert await kept(database) == [str(root)]
    again = Projects(Roots(database))
    await again.load()
    (root / ".git").rename(tmp_path / "away")
    assert await root_of(again, root / "gone") == str(root)


async def test_a_root_that_was_reported_holds_what_lies_below_it(projects: Projects) -> None:
    assert await root_of(projects, "/elsewhere/shop/src", "early") == "/elsewhere/shop/src"
    await projects.report(WORKSPACE, Repository("/elsewhere/shop", "https://example.org/ann/shop"))
    await projects.report(WORKSPACE, Repository("/elsewhere/shop/vendor/lib"))
    for session in ("early", "late"):
        assert await root_of(projects, "/elsewhere/shop/src", session) == "/elsewhere/shop"
    assert await root_of(projects, "/elsewhere/shop/vendor/lib/a") == "/elsewhere/shop/vendor/lib"
    assert await root_of(projects, "/elsewhere/shopping") == "/elsewhere/shopping"


async def test_no_report_makes_one_project_of_everything(
    projects: Projects, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = work_tree(tmp_path / "ann", "https://example.org/ann/dotfiles")
    monkeypatch.setenv("HOME", str(home))
    for root in ("/", "//", str(home), f"{home}/.", "srv", ".", "~"):
        await projects.report(WORKSPACE, Repository(root))
    (home / "client").mkdir()
    assert await root_of(projects, home / "client") == str(home / "client")
    assert await root_of(projects, home / "gone") == str(home / "gone")
    assert await root_of(projects, home) == str(home)
    assert await kept(database) == []


async def test_asking_leaves_no_trace(projects: Projects, database: Database, tmp_path: Path) -> None:
    root = work_tree(tmp_path / "shop")
    assert projects.resolve(WORKSPACE, str(root / "src")).root == "/".join((str(root), "src"))
    (root / "src").mkdir()
    assert projects.resolve(WORKSPACE, str(root / "src")).root == str(root)
    assert projects.resolve(WORKSPACE, "/srv/alone").root == "/srv/alone"
    assert await kept(database) == []
    assert await root_of(projects, "/srv/alone/below") == "/srv/alone/below"


@pytest.mark.parametrize("folder", ["srv/shop", ".", "..", "~/shop", "C:shop", "\x00"])
async def test_a_relative_folder_is_nobodys(projects: Projects, folder: str) -> None:
    with pytest.raises(Unusable, match="absolute"):
        await projects.find(WORKSPACE, folder, SESSION)
    with pytest.raises(Unusable, match="absolute"):
        projects.resolve(WORKSPACE, folder)


async def test_folders_of_windows_are_absolute_too(projects: Projects) -> None:
    assert await root_of(projects, "C:\\Users\\ann\\shop") == "C:\\Users\\ann\\shop"


async def test_a_project_that_was_forgotten_is_out_of_mind(
    projects: Projects, database: Database, tmp_path: Path
) -> None:
    root = work_tree(tmp_path / "shop")
    await projects.report(WORKSPACE, Repository("/elsewhere/kept"))
    project = await projects.find(WORKSPACE, str(root), SESSION)
    await projects.forget(WORKSPACE, project.project_id)
    assert await kept(database) == ["/elsewhere/kept"]
    assert await root_of(projects, root / "gone") == str(root / "gone")


async def test_what_is_remembered_is_bounded(projects: Projects, database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "insert into gateway.project select 'local', '/r/' || n, '', '' from generate_series(1, 9000) n"
        )
    await projects.load()
    await projects.report(WORKSPACE, Repository("/elsewhere/shop"))
    for number in range(REMEMBERED + 10):
        await projects.find(WORKSPACE, f"/srv/{number}", f"session-{number}")
    assert sizes_within(projects) <= REMEMBERED
    assert await root_of(projects, "/elsewhere/shop/src") == "/elsewhere/shop"


def sizes_within(projects: Projects) -> int:
    """Entries of the largest dictionary that it holds."""
    pending: list[Any] = list(vars(projects).values())
    largest = 0
    while pending:
        held = pending.pop()
        if isinstance(held, dict):
            entries = cast("dict[Any, Any]", held)
            largest = max(largest, len(entries))
            pending += entries.values()
    return largest
