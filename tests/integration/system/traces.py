"""What a Spark has kept or said, as texts to search: rows, raw files, answers."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import asyncpg

PIECE = 12
"""So many characters of a secret in a row are a leak."""

RUN = re.compile(rb"[\x20-\x7e]{%d,}" % PIECE)


async def all_rows(database_url: str) -> bytes:
    """Every value of every table, as text, with bytes as they are; afterwards all of it is in the files too."""
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch(
            "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
        )
        parts: list[bytes] = []
        for schema, table in tables:
            for row in await connection.fetch(f'select * from "{schema}"."{table}"'):
                parts += (value if isinstance(value, bytes) else str(value).encode() for value in row)
        await connection.execute("checkpoint")
        return b"\n".join(parts)
    finally:
        await connection.close()


def files_below(folder: Path) -> Iterator[bytes]:
    """The content of every file."""
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.read_bytes()


class Searched:
    """Texts ready to be searched for many secrets at once."""

    def __init__(self, texts: Iterable[bytes]) -> None:
        self._runs = {run for text in texts for run in RUN.findall(text)}

    def __contains__(self, word: bytes) -> bool:
        return any(word in run for run in self._runs)

    def leaks(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """The pieces of secrets that stand there, each with what its secret was, in the clear or in base64."""
        pieces = {piece: where for secret, where in secrets.items() for piece in pieces_of(secret)}
        found: dict[str, str] = {}
        for run in self._runs:
            for start in range(len(run) - PIECE + 1):
                piece = run[start : start + PIECE]
                if piece in pieces:
                    found.setdefault(pieces[piece], piece.decode())
        return found


def pieces_of(secret: str) -> Iterator[bytes]:
    """All that would give a secret away; one shorter than a piece only as a whole would, and none is."""
    assert len(secret) >= PIECE
    plain = secret.encode()
    for text in (plain, base64.b64encode(plain).rstrip(b"=")):
        for start in range(len(text) - PIECE + 1):
            yield text[start : start + PIECE]
