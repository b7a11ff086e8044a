"""`spark connect` as its users meet it."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from tests.integration.cli.command import Ended
from tests.integration.cli.command import Spark as Command
from tests.integration.edge.machine import connected_to
from tests.integration.edge.wire import wire_to
from tests.integration.system.coding_agent import Agent
from tests.integration.system.running_spark import Spark, environment_of

JSON = {"content-type": "application/json"}


@pytest.fixture
def spark(tmp_path: Path) -> Generator[Command]:
    """The command on a data folder of its own; what it left running is stopped."""
    home = tmp_path / "home"
    given = {"SPARK_HTTP_PORT": "0", "HOME": str(tmp_path), "COLUMNS": "80"}
    command = Command(tmp_path, environment_of(home, given))
    yield command
    command("down")


def said(ended: Ended) -> str:
    """All that it said, as if on one line."""
    return " ".join(f"{ended.out} {ended.err}".split())


def test_connect_leaves_it_running_remembers_where_and_says_so(spark: Command, fleet: Spark, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(f"{fleet.token}\n")
    first = spark("connect", fleet.run.http, "--token-file", str(token), "--detach")
    assert first.code == 0, first.err
    assert f"Connected to {fleet.run.http}" in first.out
    assert fleet.token not in first.out + first.err
    remembered = tmp_path / "home" / "fleet.json"
    assert stat.S_IMODE(remembered.stat().st_mode) == 0o600
    assert json.loads(spark("connect", "--detach", "--json").out)["fleet"] == fleet.run.http
    status = spark("status")
    assert status.code == 0, said(status)
    assert f"is connected to {fleet.run.http}." in said(status)
    told = json.loads(spark("status", "--json").out)
    assert (told["up"], told["ready"], told["fleet"], told["moments_lost"]) == (True, True, fleet.run.http, 0)
    assert "Spark is up at" in spark("hooks", "status").out
    assert "which this command does not reach" in said(spark("lessons"))
    rotated = spark("connect", fleet.run.http, "--detach", given={"SPARK_FLEET_TOKEN": "n" * 20})
    assert (rotated.code, "`spark down` ends that" in said(rotated)) == (1, True)
    for other in (spark("up"), spark("up", "--detach"), spark("connect"), spark("connect", "http://localhost:1")):
        assert (other.code, "already" in said(other) or "connected to" in said(other)) == (1, True)
    assert spark("down").code == 0
    away = spark("status")
    assert (away.code, "`spark connect --detach` connects this machine again" in said(away)) == (3, True)
    assert "`spark connect --detach`" in said(spark("lessons")), "no Spark of its own is begun behind one's back"
    assert f"Connected to {fleet.run.http}" in spark("connect", "--detach").out
    assert spark("down").code == 0
    assert "forgotten" in spark("connect", "--forget").out
    assert not remembered.exists()
    assert "where to?" in said(spark("connect"))


def test_the_dashboard_of_the_fleet_opens_with_the_token_that_is_known_there(
    spark: Command, fleet: Spark, tmp_path: Path
) -> None:
    given = {"SPARK_FLEET_TOKEN": fleet.token}
    assert spark("connect", fleet.run.http, "--detach", given=given).code == 0
    url = json.loads(spark("dashboard", "--json").out)["url"]
    assert url.startswith(f"{fleet.run.http}/login?")
    with httpx.Client() as browser:
        assert browser.get(url).status_code == 303
        assert browser.get(f"{fleet.run.http}/").status_code == 200
    kept = spark("connect", "--forget")
    assert (kept.code, "`spark down` ends that first" in said(kept)) == (1, True)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://spark.example.com", "use https://"),
        ("spark.example.com", "must be like https://spark.example.com"),
        ("https://user:word@spark.example.com", "must be like"),
        ("https://spark.example.com?x=1", "must be like"),
        ("ftp://localhost", "must be like"),
        ("https://localhost:99999", "must be like"),
        ("https://[bad", "must be like"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused(spark: Command, url: str, why: str) -> None:
    ended = spark("connect", url, given={"SPARK_FLEET_TOKEN": "t" * 20})
    assert (ended.code, why in said(ended)) == (1, True), said(ended)
    assert "word" not in said(ended).replace("password", "")
    assert "Traceback" not in ended.err


async def test_a_token_that_holds_no_more_is_said_before_anything_starts(
    spark: Command, fleet: Spark, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "fleet.json").write_text(json.dumps({"url": fleet.run.http, "token": "o" * 20}))
    ended = spark("connect", "--detach")
    assert (ended.code, "does not know the token" in said(ended)) == (1, True)
    right = tmp_path / "right"
    right.write_text(fleet.token)
    stale = {"SPARK_FLEET_TOKEN": "s" * 20}
    assert spark("connect", fleet.run.http, "--token-file", str(right), "--detach", given=stale).code == 0
    assert spark("status").code == 0


async def test_who_connects_while_it_is_away_is_told_each_time(spark: Command, fleet: Spark) -> None:
    async with wire_to(fleet.run.http) as wire:
        connected = await asyncio.to_thread(
            spark, "connect", wire.url, "--detach", given={"SPARK_FLEET_TOKEN": fleet.token}
        )
        assert connected.code == 0, said(connected)
        spark("down")
        await wire.cut()
        for _ in range(2):
            told = spark("connect", "--detach")
            assert (told.code, "without advice meanwhile" in said(told)) == (0, True)
        doctor = spark("doctor")
        assert (doctor.code, "agents get no advice for now" in said(doctor)) == (1, True)


async def test_only_what_has_answered_is_remembered(spark: Command, fleet: Spark, tmp_path: Path) -> None:
    wrong = spark("connect", fleet.run.http, given={"SPARK_FLEET_TOKEN": "w" * 20})
    assert (wrong.code, "does not know the token" in said(wrong)) == (1, True)
    async with wire_to(fleet.run.http) as wire:
        await wire.cut()
        away = spark("connect", wire.url, given={"SPARK_FLEET_TOKEN": fleet.token})
    assert (away.code, wire.url in said(away)) == (1, True)
    no_token = spark("connect", fleet.run.http)
    assert (no_token.code, "--token-file" in said(no_token)) == (1, True)
    short = spark("connect", fleet.run.http, given={"SPARK_FLEET_TOKEN": "short"})
    assert (short.code, "16 printable" in said(short)) == (1, True)
    assert not (tmp_path / "home" / "fleet.json").exists()
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff" * 20)
    odd = spark("connect", fleet.run.http, "--token-file", str(binary))
    assert (odd.code, "16 printable" in said(odd)) == (1, True)
    proxied = spark("connect", "https://localhost:1", given={"SPARK_FLEET_TOKEN": "t" * 20, "ALL_PROXY": "bogus://x"})
    assert (proxied.code, "ALL_PROXY" in said(proxied)) == (1, True)
    assert "Traceback" not in wrong.err + away.err + no_token.err + short.err + odd.err + proxied.err


def test_what_is_remembered_and_cannot_be_read_is_told(spark: Command, fleet: Spark, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "fleet.json").write_text("{")
    ended = spark("connect")
    assert (ended.code, "connect again with the address" in said(ended)) == (1, True)
    assert spark("connect", fleet.run.http, "--detach", given={"SPARK_FLEET_TOKEN": fleet.token}).code == 0


async def test_feedback_and_conversations_are_passed_on(fleet: Spark, tmp_path: Path) -> None:
    async with connected_to(tmp_path / "one", fleet.run.http, token=fleet.token) as machine, machine.http() as client:
        reply = await client.post("/v1/feedback", json={"advice_id": "nothing-like-it", "verdict": "helpful"})
        assert (reply.status_code, reply.json()["error"]["reason"]) == (404, "NOT_FOUND")
        assert (await client.get("/v1/chat", params={"session_id": "s"})).status_code == 200
        assert (await client.post("/v1/chat", content=b"[]", headers=JSON)).status_code == 400
        assert (await client.get("/", follow_redirects=False)).headers["location"] == fleet.run.http
        async with httpx.AsyncClient(base_url=machine.run.http) as stranger:
            assert (await stranger.post("/v1/feedback", json={})).status_code == 401
            assert (await stranger.get("/v1/chat")).status_code == 401
            hook = {"hook_event_name": "Stop", "session_id": "s", "cwd": "/srv/x"}
            assert (await stranger.post("/v1/hooks/claude-code", json=hook)).status_code == 401
        assert (await Agent(client, "/srv/x").works("make x")).status_code == 200
