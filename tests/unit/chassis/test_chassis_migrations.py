"""Which databases a program may work with, and in which order files are read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from chassis.migrations import (
    Applied,
    Migration,
    MigrationError,
    Standing,
    read_migrations,
    refuse_newer,
    role_of,
    standing_of,
)

FIRST = Migration(1, "0001_first", "create table first ()")
SECOND = Migration(2, "0002_second", "create table second ()")


def applied(*migrations: Migration) -> dict[int, Applied]:
    return {one.version: Applied(one.name, one.checksum) for one in migrations}


def test_a_database_lacks_what_was_not_applied_to_it() -> None:
    files = [FIRST, SECOND]
    assert standing_of("memory", files, applied()) == Standing((FIRST, SECOND))
    assert standing_of("memory", files, applied(FIRST)) == Standing((SECOND,))
    assert standing_of("memory", files, applied(FIRST, SECOND)) == Standing(())


def test_a_database_newer_than_the_program_is_refused() -> None:
    newer = standing_of("memory", [FIRST], applied(FIRST, SECOND))
    assert newer == Standing((), ("0002_second",))
    with pytest.raises(
        MigrationError, match="memory: the database has 0002_second, which this Spark lacks; update Spark"
    ):
        refuse_newer("memory", newer)
    refuse_newer("memory", Standing((SECOND,)))


def test_a_file_changed_after_it_was_applied_is_refused() -> None:
    changed = Migration(1, "0001_first", FIRST.sql + " ")
    with pytest.raises(MigrationError, match="memory: 0001_first was changed after it was applied"):
        standing_of("memory", [changed, SECOND], applied(FIRST))


def test_files_are_read_in_the_order_of_their_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "service_with_migrations" / "migrations"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    for name in ("0010_tenth", "0002_second", "0001_first"):
        (folder / f"{name}.sql").write_text(f"-- {name} é\n", encoding="utf-8")
    (folder / "README.md").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "service_with_migrations", raising=False)
    found = read_migrations("service_with_migrations")
    assert [(one.version, one.name, one.sql) for one in found] == [
        (1, "0001_first", "-- 0001_first é\n"),
        (2, "0002_second", "-- 0002_second é\n"),
        (10, "0010_tenth", "-- 0010_tenth é\n"),
    ]


def test_a_schema_has_a_role_named_for_it() -> None:
    assert role_of("memory") == "spark_memory"
