"""The store by which `make bench-learning` measures grows in the tables of the services as they are."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import asyncpg

from bench.learnt import counts, grow, learn
from bench.lessons import mistakes, today
from bench.processes import system
from chassis.identity import local_token

KNOWN = 30


async def test_a_store_grows_to_the_size_asked_for(tmp_path: Path) -> None:
    known = list(islice(mistakes(), KNOWN))
    with system(tmp_path) as run:
        await learn(run, local_token(tmp_path), known, today())
        connection = await asyncpg.connect(run.database_url)
        try:
            _, lessons, groups = await counts(connection)
            await grow(connection, known, packets=4 * KNOWN, lessons=3 * lessons, groups=2 * groups, now=today())
            assert await counts(connection) == (4 * KNOWN, 3 * lessons, 2 * groups)
        finally:
            await connection.close()
