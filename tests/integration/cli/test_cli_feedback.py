from __future__ import annotations

import re
import time

from tests.integration.cli.agent import UNKNOWN_FLAG, Agent
from tests.integration.cli.command import Spark

PATIENCE_SECONDS = 10.0


def advised(spark: Spark, agent: Agent, session: str) -> str:
    """The short id of the one piece of advice that a session is given and follows, as `spark explain` shows it."""
    agent.call(session, 1, "pytest --flaky tests", UNKNOWN_FLAG)
    agent.settle()
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not (found := re.findall(r"advice (\S+): ", spark("explain", session).out)):
        assert time.monotonic() < give_up, "the advice is not heard of"
    return found[0]


def test_a_word_is_taken_and_shown(spark: Spark, agent: Agent) -> None:
    short = advised(spark, agent, "judged-session")
    said = spark("feedback", short, "helpful", "--json")
    assert said.document["verdict"] == "VERDICT_HELPFUL"
    assert said.document["advice_id"].startswith(short.partition("-")[0])
    assert f"advice {short}: " in spark("explain", "judged-session").out
    assert "; called helpful" in " ".join(spark("explain", "judged-session").out.split())
    given = spark("explain", "judged-session", "--json").document["advice"]
    assert [one["verdict"] for one in given if one["advice_id"] == said.document["advice_id"]] == ["VERDICT_HELPFUL"]
    again = spark("feedback", "last", "not-helpful")
    assert again.out.startswith("not-helpful: `pytest --flaky tests` failed here before")
    assert "It scores 0." in again.out


def test_what_cannot_be_taken_says_so(spark: Spark, agent: Agent) -> None:
    nothing = spark("feedback", "zzzz", "helpful")
    assert (nothing.code, nothing.out) == (1, "")
    assert "no advice has the id zzzz; `spark explain` shows" in nothing.err
    assert "at least 4 letters" in spark("feedback", "abc", "helpful").err
    assert spark("feedback", "last", "nice").code == 2
