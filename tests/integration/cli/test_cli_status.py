from __future__ import annotations

import os
import re
import time
from importlib.metadata import version
from pathlib import Path

import psutil

from host.home import Run, read_run, write_run
from tests.integration.cli.agent import Agent
from tests.integration.cli.command import Spark

PATIENCE_SECONDS = 20.0
CALLS = 4
"""That the agent has made when these tests begin, at least."""


def test_tells_how_a_system_that_is_up_does(spark: Spark, agent: Agent) -> None:
    ended = spark("status", "--json")
    told = ended.document
    running = read_run(agent.home)
    assert running is not None
    assert (ended.code, ended.err) == (0, "")
    assert (told["up"], told["ready"], told["troubles"]) == (True, True, {})
    assert (told["pid"], told["http"], told["version"]) == (running.pid, running.http, version("spark-advisory"))
    assert told["lessons"] >= 1
    assert told["packets"]["total"] >= 1
    assert {"queued", "paused", "prepared", "hits", "misses", "lead_p50_us"} <= set(told["prefetch"])
    assert told["last_24_h"]["said"] >= 1
    assert 0 < told["last_24_h"]["p50_us"] <= told["last_24_h"]["p95_us"]
    assert [scope["installed"] for scope in told["hooks"]] == [False, False]


def test_tells_how_preparing_does(spark: Spark, agent: Agent) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while (ahead := spark("status", "--json").document["prefetch"])["hits"] + ahead["misses"] < CALLS:
        assert time.monotonic() < until, "the agent's calls are not heard of"
    assert ahead["prepared"] >= 1
    assert ahead["failed"] == 0
    told = " ".join(spark("status").out.split())
    assert re.search(r"Prefetch \d+ queued, \d+ prepared; \d+ of \d+ calls expected", told)


def test_counts_the_memory_of_the_engines_too(spark: Spark, agent: Agent) -> None:
    told = spark("status", "--json").document
    engines = {name: psutil.Process(engine["pid"]) for name, engine in told["engines"].items()}
    assert engines["postgres"].name() == "postgres"
    assert engines["nats"].name() == "nats-server"
    assert told["pid"] in {parent.pid for engine in engines.values() for parent in engine.parents()}
    alone = psutil.Process(told["pid"]).memory_full_info()
    assert told["memory_bytes"] > getattr(alone, "pss", alone.rss)


def test_shows_no_token_of_an_engine(spark: Spark, agent: Agent) -> None:
    running = read_run(agent.home)
    assert running is not None
    secret = running.nats_url.removeprefix("nats://").partition("@")[0]
    assert len(secret) >= 32
    for words in (("status",), ("status", "--json")):
        assert secret not in spark(*words).out


def test_says_it_to_people_in_eighty_columns(spark: Spark, agent: Agent) -> None:
    ended = spark("status")
    assert ended.out.startswith(f"Spark {version('spark-advisory')} is up and ready.\n")
    assert "\nLessons " in ended.out
    assert "with advice; reply p50" in ended.out
    beyond = [line for line in ended.out.splitlines() if len(line) > 80]
    assert all(str(agent.home.parent.parent) in line for line in beyond)


def test_starts_nothing_where_nothing_is_up(spark: Spark, tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    people, program = (
        spark("status", given={"SPARK_HOME": str(home)}),
        spark("status", "--json", given={"SPARK_HOME": str(home)}),
    )
    assert (people.code, program.code) == (3, 3)
    assert people.out.startswith("Spark is not up; `spark up --detach` starts it.\n")
    assert (program.document["up"], program.document["ready"]) == (False, False)
    assert not (home / "postgres").exists()


def test_names_what_is_wrong_with_a_system_that_does_not_answer(spark: Spark, tmp_path: Path) -> None:
    home = tmp_path / "silent"
    home.mkdir()
    me = psutil.Process(os.getpid())
    address = "http://127.0.0.1:1"
    write_run(home, Run(address, "grpc://127.0.0.1:1", "", me.pid, me.create_time(), {"gateway": "127.0.0.1:1"}))
    ended = spark("status", "--json", given={"SPARK_HOME": str(home)})
    assert ended.code == 1
    assert ended.document["ready"] is False
    assert ended.document["troubles"]["memory"] == "runs nowhere"
    assert ended.document["troubles"]["gateway"].startswith(f"no answer from {address}/ready")
    assert ended.document["lessons"] is None
    people = spark("status", given={"SPARK_HOME": str(home)})
    assert people.code == 1
    assert "is up but not ready.\n" in people.out
    assert "  - memory: runs nowhere\n" in people.out
