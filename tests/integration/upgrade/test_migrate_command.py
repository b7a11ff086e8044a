"""`spark migrate` as a deployment runs it, and processes that leave the schema to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from chassis.identifiers import new_ulid
from chassis.migrating import migrate
from chassis.migrations import Migration, read_migrations
from host.catalog import every_service
from host.engines import Nats
from host.store import keeping, standings
from tests.integration.system.running_spark import REPOSITORY, environment_of
from tests.integration.system.served_alone import served_alone

Run = Callable[..., "subprocess.CompletedProcess[str]"]

ALL = [
    f"{service.schema}/{each.name}" for service in keeping(every_service()) for each in read_migrations(service.package)
]
LATER = Migration(900, "0900_later", "create table packets.later (n integer);")
LATER_ALONE = Migration(900, "0900_alone", "create table inference.later (n integer);")


@pytest.fixture
def run(tmp_path: Path, database_url: str) -> Run:
    """`spark WORDS…` on the test's own database."""

    def spark(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "host.cli", *words],
            cwd=REPOSITORY,
            env={**environment_of(tmp_path / "home", {"SPARK_DATABASE_URL": database_url}), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return spark


async def test_what_is_missing_is_told_listed_and_applied_once(run: Run, database_url: str) -> None:
    checked = run("migrate", "--check", "--json")
    assert checked.returncode == 1
    assert json.loads(checked.stdout) == {"missing": ALL, "unknown": []}
    listed = run("migrate", "--dry-run")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.splitlines() == [f"missing {name}" for name in ALL]
    assert all(standing.missing for standing in (await standings(every_service(), database_url)).values())

    assert json.loads(run("migrate", "--json").stdout) == {"applied": ALL, "granted": ""}
    assert run("migrate").stdout == "The database is up to date.\n"
    checked = run("migrate", "--check")
    assert (checked.returncode, checked.stdout) == (0, "The database is up to date.\n")


async def test_a_newer_database_is_told_of_and_left_alone(run: Run, database_url: str) -> None:
    run("migrate")
    await migrate(database_url, "packets", [*read_migrations("services.packets"), LATER])
    checked = run("migrate", "--check", "--json")
    assert checked.returncode == 0
    assert json.loads(checked.stdout) == {"missing": [], "unknown": ["packets/0900_later"]}
    refused = run("migrate")
    assert refused.returncode == 1
    assert "packets: the database has 0900_later, which this Spark lacks; update Spark" in refused.stderr


async def test_a_database_that_is_newer_in_one_schema_is_left_alone_in_all(run: Run, database_url: str) -> None:
    await migrate(database_url, "inference", [LATER_ALONE])
    refused = run("migrate")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert [schema for schema, each in (await standings(every_service(), database_url)).items() if each.unknown] == [
        "inference"
    ]
    assert all(standing.missing for standing in (await standings(every_service(), database_url)).values())


async def test_a_login_is_let_in(run: Run, database_url: str) -> None:
    owner = await asyncpg.connect(database_url)
    login = f"fleet_{new_ulid().lower()}"
    refused = run("migrate", "--grant", login, "--check")
    assert refused.returncode == 2
    refused = run("migrate", "--grant", login)
    assert refused.returncode == 1
    assert f"there is no login {login}; make one first" in refused.stderr
    await owner.execute(f"create role {login} login")
    assert run("migrate", "--grant", login).stdout.endswith(f"{login} may work as the roles of all schemas.\n")
    member = "select bool_and(pg_has_role($1, oid, 'member')) from pg_roles where rolname = any($2)"
    assert await owner.fetchval(member, login, [f"spark_{service.schema}" for service in keeping(every_service())])
    await owner.execute(f"drop role {login}")
    await owner.close()


@pytest.mark.parametrize("url", ["postgresql://spark@127.0.0.1:1/spark", "postgresql://127.0.0.1:port/spark"])
def test_a_database_that_cannot_be_reached_is_told_in_a_line(run: Run, url: str) -> None:
    ended = run("migrate", "--check", SPARK_DATABASE_URL=url)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: Postgres: ")
    assert len(ended.stderr.splitlines()) == 1


async def test_a_process_that_leaves_the_schema_to_the_job_waits_for_none_and_changes_nothing(
    run: Run, database_url: str, nats: Nats, tmp_path: Path
) -> None:
    given = {"SPARK_DATABASE_URL": database_url, "SPARK_NATS_URL": nats.url, "SPARK_MIGRATE": "0"}
    refused = run("serve", "packets", **given)
    assert refused.returncode == 1
    assert "packets: the database lacks 0001_packet, " in refused.stderr
    assert "run `spark migrate` first, or start with SPARK_MIGRATE=1" in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr
    assert all(standing.missing for standing in (await standings(every_service(), database_url)).values())

    run("migrate")
    await migrate(database_url, "packets", [*read_migrations("services.packets"), LATER])
    # Rolled out next, while this version still runs and starts again.
    with served_alone(tmp_path, "packets", environment=given) as served:
        pass
    assert '"action": "schema_newer"' in served.log.read_text()
    # A process that would bring the schema up to date does not touch one that it does not know.
    refused = run("serve", "packets", **{**given, "SPARK_MIGRATE": "1"})
    assert refused.returncode == 1
    assert "which this Spark lacks; update Spark" in " ".join(refused.stderr.split())
