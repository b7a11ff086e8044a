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
    r"(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<text>'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)|(?P<end>;)",
    re.DOTALL,
)
CREATED = re.compile(r"\bcreate (?:unlogged )?table (?:if not exists )?([\w.]+)")
ALTERED = re.compile(r"\balter table (?:if exists )?(?:only )?([\w.]+)")
INDEXED = re.compile(r"\bcreate (?:unique )?index (?:concurrently )?(?:if not exists )?\w* ?on (?:only )?([\w.]+)")

NEVER = {
    r"\bdrop (table|schema|view|type|sequence|function)\b": "drops what the version before may use",
    r"\bdrop column\b": "drops a column that the version before may use",
    r"\brename\b": "renames what the version before knows by its old name",
    r"\balter (column )?\S+ (set data )?type\b": "changes a type, which rewrites the table under a lock",
    r"\bset not null\b": "refuses what the version before may write, and reads the whole table under a lock",
    r"\bdrop default\b": "refuses rows that the version before writes without the column",
    r"\badd column .*\bgenerated\b": "computes a column of all rows under a lock",
    r"\bdefault (gen_random_uuid|random|clock_timestamp|nextval)\b": "writes every row anew under a lock",
    r"\b(truncate|lock table|vacuum full|cluster|reindex (?!.*concurrently))\b": "keeps others from the table",
    r"\b(revoke|alter .* owner to)\b": "takes a right away",
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
        if token["comment"]:
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
    outside = sql.startswith(OUTSIDE)
    concurrent = any("concurrently" in statement.words for statement in found)
    if outside and len(found) != 1:
        told.append("goes outside a transaction with more than one statement")
    if outside and not any(re.search(r"\bif (not )?exists\b", statement.words) for statement in found):
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
    for column in re.findall(r"\badd column (.*?)(?=, add\b|, alter\b|$)", words):
        if "not null" in column and "default" not in column:
            yield "adds a column that the version before does not fill"
        if re.search(r"\b(unique|primary key|check|references)\b", column):
            yield "holds all rows to a rule under a lock"
    if re.search(r"\badd (constraint|primary key|unique|check|foreign key)\b", words) and "not valid" not in words:
        yield "holds all rows to a rule under a lock"
    if INDEXED.search(words):
        if "concurrently" not in words:
            yield "builds an index while nobody may write"
        if re.search(r"\bcreate unique index\b", words):
            yield "refuses what the version before may write twice"
    if re.search(r"\bdrop index (?!concurrently)", words):
        yield "drops an index under a lock"
