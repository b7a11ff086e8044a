"""What a migration may not do while the version before it still runs, found by the words of its statements.

Two versions share a schema while one is rolled out, and the older one may start again on the newer schema. So a
migration adds: what the older version reads stays, what it writes is taken, and nothing that it waits for is held for
long. What is no longer used goes one release later, with a reason: a comment `-- spark: narrows, REASON` before the
statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chassis.migrations import OUTSIDE

REASON = re.compile(r"^-- spark: narrows, .{20,}", re.MULTILINE)
TOKEN = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<text>'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)|(?P<name>\"[^\"]+\")|(?P<end>;)",
    re.DOTALL,
)
CREATED = re.compile(r"\bcreate (?:unlogged )?table (?:if not exists )?([\w.]+)")
ALTERED = re.compile(r"\balter table (?:if exists )?(?:only )?([\w.]+)")
INDEXED = re.compile(r"\bcreate (?:unique )?index (?:concurrently )?(?:if not exists )?\w* ?on (?:only )?([\w.]+)")
ADDED = re.compile(
    r"\badd (?:column )?(?:if not exists )?"
    r"(?!(?:constraint|primary key|unique|check|exclude|foreign key|value)\b)(\w+ .*?)(?=, (?:add|alter|drop)\b|$)"
)
REPEATED = re.compile(r"\bif (not )?exists\b|^(vacuum|analyze|reindex)\b")
WRITTEN = re.compile(r"^(?:with .*?\b)?(?:update|delete from|insert into|merge into) (?:only )?([\w.]+)")

PLAIN_DEFAULT = re.compile(
    r"\bdefault (''|[-+]?\d[\d.]*|true|false|array\[\]|now\(\)|current_\w+)"
    r"(::[\w.]+(\(\d+\))?(\[\])?)*(?=$|,| (not )?null)"
)
"""What is worked out once for all rows that are there, and is not null."""

NEVER = {
    r"^drop (table|schema|(materialized )?view|type|sequence|function|procedure|trigger|domain)\b": (
        "drops what the version before may use"
    ),
    r"^alter table .*\bdrop (?!constraint\b|not null\b|default\b|expression\b|identity\b)": (
        "drops a column that the version before may use"
    ),
    r"\bdrop constraint\b": "drops a rule on which `on conflict` of the version before may rest",
    r"^alter .*\brename (to|column|constraint|value|attribute)\b|^alter table \S+ rename\b": (
        "renames what the version before knows by its old name"
    ),
    r"^alter .*\bset schema\b": "renames what the version before knows by its old name",
    r"\balter (column )?(?!column )\S+ (set data )?type\b": "changes a type, which rewrites the table under a lock",
    r"\bset not null\b": "refuses what the version before may write, and reads the whole table under a lock",
    r"\bdrop default\b|\bset default null\b": "refuses rows that the version before writes without the column",
    r"^alter table .*\bset (un)?logged\b|^alter table .*\bset tablespace\b": "writes every row anew under a lock",
    r"^(truncate|lock|vacuum full|vacuum \(.*full|cluster|refresh|reindex (?!.*concurrently))\b": (
        "keeps others from the table"
    ),
    r"\b(attach|detach) partition\b": "keeps others from the table",
    r"^(revoke|alter .* owner to|alter .* (enable|force) row level security|create policy)\b": "takes a right away",
    r"^create (or replace )?(constraint )?(trigger|rule)\b|^create or replace\b": (
        "changes what the version before does when it reads or writes"
    ),
    r"^(do|commit|rollback|abort|begin|start transaction|end|set (?!local)|reset)\b": (
        "cannot be read by this rule, or reaches beyond the file"
    ),
}
"""By a pattern of one statement, in small letters and single spaces, what is wrong with it."""


@dataclass(frozen=True)
class Statement:
    """A statement without comments, in small letters; whether a comment before it gives a reason."""

    words: str
    excused: bool


def statements(sql: str) -> Iterator[Statement]:
    """The statements of a file, in order. Texts between quotes are left out."""
    words, comments = "", ""
    place = 0
    for token in TOKEN.finditer(f"{sql};"):
        words += sql[place : token.start()]
        place = token.end()
        if token["name"]:
            words += token["name"].strip('"').replace(" ", "_")
        elif token["comment"]:
            comments += token["comment"] + "\n"
            words += " "
        elif token["text"]:
            words += "''"
        else:
            plain = " ".join(words.lower().split())
            if plain:
                yield Statement(plain, bool(REASON.search(comments)))
            words, comments = "", ""


def narrowings(sql: str) -> list[str]:
    """What is wrong with a migration; empty when it only adds."""
    found = list(statements(sql))
    created = {name for statement in found for name in CREATED.findall(statement.words)}
    told = [
        f"{wrong}: {statement.words[:80]}"
        for statement in found
        if not statement.excused
        for wrong in wrongs_of(statement.words, created)
    ]
    own = [statement.words for statement in found if not statement.excused]
    held = {name for words in own for name in ALTERED.findall(words)} - created
    written = {name for words in own for name in WRITTEN.findall(words)} - created
    if len(held) > 1:
        told.append(f"holds one table while it waits for the next: a file each for {', '.join(sorted(held))}")
    if held and written:
        told.append(f"holds {', '.join(sorted(held))} while it writes rows: do that in a file of its own")
    outside = sql.startswith(OUTSIDE)
    concurrent = any("concurrently" in statement.words for statement in found)
    if outside and len(found) != 1:
        told.append("goes outside a transaction with more than one statement")
    if outside and not any(REPEATED.search(statement.words) for statement in found):
        told.append("goes outside a transaction and cannot be done again: it lacks `if not exists`")
    if concurrent and not outside:
        told.append(f"works concurrently, which needs `{OUTSIDE}` as its first line")
    return told


def wrongs_of(words: str, created: set[str]) -> Iterator[str]:
    """What is wrong with one statement, where these tables are new."""
    of_new = [*ALTERED.findall(words), *INDEXED.findall(words)]
    if words.startswith("create table") or (of_new and set(of_new) <= created):
        return
    for pattern, wrong in NEVER.items():
        if re.search(pattern, words):
            yield wrong
    for column in ADDED.findall(words) if ALTERED.search(words) else []:
        default = re.search(r"\bdefault\b", column)
        if default and not PLAIN_DEFAULT.search(column):
            yield "writes every row anew under a lock, unless the default is a plain value"
        if "not null" in column and not default:
            yield "adds a column that the version before does not fill"
        if re.search(r"^\w+ (small|big)?serial\b|\bgenerated\b", column):
            yield "computes a column of all rows under a lock"
        if re.search(r"\b(unique|primary key|check|references)\b", column):
            yield "holds all rows to a rule under a lock"
    if re.search(r"\badd (constraint|primary key|unique|check|exclude|foreign key)\b", words):
        yield "holds all rows to a rule under a lock, and with `not valid` those that the version before writes"
    if INDEXED.search(words):
        if "concurrently" not in words:
            yield "builds an index while nobody may write"
        if re.search(r"\bcreate unique index\b", words):
            yield "refuses what the version before may write twice"
    if re.search(r"\bdrop index (?!concurrently)", words):
        yield "drops an index under a lock"
