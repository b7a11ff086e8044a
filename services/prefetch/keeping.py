"""What is known of projects, kept in mind between batches as long as nobody else has learnt meanwhile.

Postgres holds the truth. Each write gives the project another version; what is kept in mind counts only while its
version is still the one that is stored, so that two replicas may learn in turn.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection

import asyncpg

from services.prefetch import postgres
from services.prefetch.learning import Knowledge
from services.prefetch.postgres import Owner

PROJECTS_AT_MOST = 8
TALLIES_AT_MOST = 30_000
"""Of one project: about 15 MB. What is dropped is read again when it is needed."""


class Keeper:
    """Gives out what is known of projects."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Owner, Knowledge] = OrderedDict()

    async def known(self, connection: asyncpg.Connection, owner: Owner, contexts: Collection[str] = ()) -> Knowledge:
        """What is known of a project, with these of its tallies."""
        version = await postgres.read_version(connection, owner)
        known = self._kept.get(owner)
        if known is None or known.version != version:
            known = await postgres.read_project(connection, owner)
            self._keep(owner, known)
        await postgres.read_tallies(connection, owner, contexts, known)
        return known

    def written(self, owner: Owner, known: Knowledge) -> None:
        """Notes that what is known stands as it was written."""
        known.written()
        if len(known.tallies) > TALLIES_AT_MOST:
            known.tallies = {}
        self._keep(owner, known)

    def forget(self, owners: Collection[Owner]) -> None:
        """Drops what may differ from what is stored, after a write that failed."""
        for owner in owners:
            self._kept.pop(owner, None)

    def _keep(self, owner: Owner, known: Knowledge) -> None:
        self._kept[owner] = known
        self._kept.move_to_end(owner)
        if len(self._kept) > PROJECTS_AT_MOST:
            self._kept.popitem(last=False)
