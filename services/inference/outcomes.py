"""How sure answers were, and whether users called them right: what a model's word on itself is worth is learnt from it.

Where the council answered, it counts for Agent-0 whether it had said the same. A wrong answer of the council from which
Agent-0 differed tells nothing of Agent-0.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chassis.clock import Clock
from chassis.database import Database
from chassis.faults import NotFound, StoreUnavailable
from services.inference.calibration import Calibration, Outcome, calibrated

log = logging.getLogger(__name__)

MOST = 500
"""Newest outcomes of a model that are looked at: a model that is served under the same name may change."""
KEPT_FOR = timedelta(days=90)
FRESH_FOR = timedelta(minutes=1)
"""For which maps are kept here; another process may have heard of more outcomes."""
NONE: Mapping[str, Calibration] = {}

NOTE = """
insert into inference.answer (workspace_id, answer_id, model, stated, own, at) values ($1, $2, $3, $4, $5, $6)
on conflict (workspace_id, answer_id) do update
set model = excluded.model, stated = excluded.stated, own = excluded.own, "right" = null, at = excluded.at
"""
RATE = 'update inference.answer set "right" = $3 where workspace_id = $1 and answer_id = $2 returning model'
OUTCOMES = """
select model, stated, own, "right" from (
    select *, row_number() over (partition by model order by at desc) as place
    from inference.answer where workspace_id = $1 and "right" is not null and (own or "right")
) as rated where place <= $2
"""


@dataclass(frozen=True, slots=True)
class Stated:
    """How sure a model was of an answer; `own` tells whether that answer is the one that was given."""

    model: str
    confidence: float
    own: bool


class Outcomes:
    """The outcomes of answers, and the maps that they give, by workspace and model."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._maps: dict[str, tuple[datetime, Mapping[str, Calibration]]] = {}

    async def maps(self, workspace_id: str) -> Mapping[str, Calibration]:
        """What each model's word is worth; nothing is known of any while Postgres is away."""
        read_at, kept = self._maps.get(workspace_id, (datetime.min.replace(tzinfo=UTC), NONE))
        now = self._clock.now()
        if now - read_at < FRESH_FOR:
            return kept
        try:
            async with self._database.connection() as connection:
                rows = await connection.fetch(OUTCOMES, workspace_id, MOST)
        except StoreUnavailable as error:
            log.warning("confidence counts as stated", extra={"action": "uncalibrated", "error": error.message})
            return kept
        found: dict[str, list[Outcome]] = defaultdict(list)
        for row in rows:
            found[row["model"]].append(Outcome(row["stated"], row["own"] and row["right"]))
        maps = {model: calibrated(outcomes) for model, outcomes in found.items()}
        self._maps[workspace_id] = now, maps
        return maps

    async def note(self, workspace_id: str, answer_id: str, stated: Stated) -> None:
        """Keeps how sure a model was of an answer; given again, the answer waits to be rated anew."""
        now = self._clock.now()
        try:
            async with self._database.transaction(durable=False) as connection:
                await connection.execute(
                    NOTE, workspace_id, answer_id, stated.model, stated.confidence, stated.own, now
                )
                await connection.execute("delete from inference.answer where at < $1", now - KEPT_FOR)
        except StoreUnavailable as error:
            log.warning("an answer cannot be rated", extra={"action": "answer_unnoted", "error": error.message})

    async def rate(self, workspace_id: str, answer_id: str, *, right: bool) -> Calibration:
        """Takes a user's word on an answer; the last one counts. Returns what its model's word is worth now.

        Raises:
            NotFound: when there is no such answer, or none that a model gave.
            StoreUnavailable: when Postgres is away.
        """
        async with self._database.connection() as connection:
            model = await connection.fetchval(RATE, workspace_id, answer_id, right)
        if model is None:
            raise NotFound("no model gave an answer of that id in the last 90 days")
        self._maps.pop(workspace_id, None)
        return (await self.maps(workspace_id)).get(model, Calibration())
