"""Migrations after the released ones only add; and what finds the others does find them."""

from __future__ import annotations

import pytest

from chassis.migrations import OUTSIDE, read_migrations
from host.catalog import SERVICES
from host.store import keeping
from tests.contract.expanding import narrowings

BEFORE_THE_RULE = {"gateway": 1, "inference": 3, "memory": 3, "packets": 5, "prefetch": 1, "telemetry": 3}
"""Up to these migrations no version ever ran beside the one before it. They are never to be raised."""

NARROW = {
    "drop table packets.heard;": "drops what",
    "alter table packets.packet drop column text;": "drops a column",
    "alter table packets.packet rename column text to words;": "renames",
    "alter table packets.packet rename to piece;": "renames",
    "alter table packets.packet alter column confidence type double precision;": "changes a type",
    "alter table packets.packet alter column confidence set data type numeric;": "changes a type",
    "alter table packets.packet alter column about_file set not null;": "refuses what",
    "alter table packets.packet alter column stage drop default;": "refuses rows",
    "alter table packets.packet add column tenant text not null;": "does not fill",
    "alter table packets.packet add column a text, add column b text not null, add column c text;": "does not fill",
    "alter table packets.packet add column id uuid default gen_random_uuid();": "writes every row anew",
    "alter table packets.packet add column n int generated always as (revision + 1) stored;": "computes a column",
    "alter table packets.packet add column n int default 1 check (n > 0);": "holds all rows",
    "alter table packets.packet add constraint fine check (confidence > 0);": "holds all rows",
    "create index packet_tenant on packets.packet (text);": "nobody may write",
    "create unique index on packets.packet (text);": "nobody may write",
    f"{OUTSIDE}\ncreate unique index concurrently if not exists once on packets.packet (text);": "may write twice",
    "drop index packets.packet_project;": "drops an index",
    "truncate packets.heard;": "keeps others",
    "lock table packets.heard;": "keeps others",
    "-- A comment; with the end of a statement.\nDROP\n  TABLE packets.heard;": "drops what",
    "-- spark: narrows, no\ndrop table packets.heard;": "drops what",
    "-- spark: narrows, nobody reads it any more since then.\nselect 1; drop table packets.heard;": "drops what",
    "alter table packets.packet alter stage type text;": "changes a type",
    "create index concurrently if not exists few on packets.packet (text);": "needs `-- spark: outside",
    f"{OUTSIDE}\ncreate index concurrently few on packets.packet (text);": "cannot be done again",
    f"{OUTSIDE}\nselect 1; create index concurrently if not exists few on packets.packet (text);": "more than one",
}
WIDE = [
    "alter table packets.packet add column type text not null default '';",
    "alter table packets.packet add column tenant text;",
    "alter table packets.packet add column tenant text not null default 'local', add column renamed_at timestamptz;",
    "create table packets.tenant (tenant text primary key, n int not null check (n > 0)); "
    "create unique index tenant_n on packets.tenant (n);",
    f"{OUTSIDE}\n-- For pages.\ncreate index concurrently if not exists few on packets.packet (text) where stage > 1;",
    f"{OUTSIDE}\ndrop index concurrently if exists packets.packet_project;",
    "alter table packets.packet add constraint fine check (confidence > 0) not valid;",
    "update packets.packet set text = 'drop table packets.packet; rename' where text = '';",
    "alter table packets.packet alter column stage set default 2;",
    "-- spark: narrows, nobody has read it since the release before.\ndrop table packets.heard;",
    "comment on table packets.packet is $$drop table$$;",
]


def test_migrations_only_add() -> None:
    told = {
        f"{service.schema}/{migration.name}": narrowings(migration.sql)
        for service in keeping(SERVICES)
        for migration in read_migrations(service.package)
        if migration.version > BEFORE_THE_RULE.get(service.schema, 0)
    }
    assert {name: wrong for name, wrong in told.items() if wrong} == {}, "see docs/adr/0017-schemas-expand-first.md"


def test_the_rule_begins_where_it_was_made() -> None:
    for service in keeping(SERVICES):
        versions = [migration.version for migration in read_migrations(service.package)]
        assert versions == list(range(1, len(versions) + 1))
        assert BEFORE_THE_RULE.get(service.schema, 0) <= len(versions)


@pytest.mark.parametrize(("sql", "wrong"), NARROW.items())
def test_what_narrows_is_found(sql: str, wrong: str) -> None:
    assert any(wrong in told for told in narrowings(sql)), narrowings(sql)


@pytest.mark.parametrize("sql", WIDE)
def test_what_only_adds_is_let_through(sql: str) -> None:
    assert narrowings(sql) == []


def test_what_was_there_before_the_rule_would_not_pass_it() -> None:
    """It reads real files, and finds in them what a fleet would feel."""
    old = {migration.name: narrowings(migration.sql) for migration in read_migrations("services.packets")}
    assert any("nobody may write" in told for told in old["0002_outcome"])
    assert old["0001_packet"] == []
