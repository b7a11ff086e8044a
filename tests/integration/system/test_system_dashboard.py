"""Who may look at the dashboard, and who may send it a form; what it says where it cannot answer."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from chassis.identity import LOCAL_WORKSPACE, Tokens
from gateway.dashboard.login import new_code
from tests.integration.system.coding_agent import Agent, sequence_of
from tests.integration.system.conftest import StartSpark
from tests.integration.system.running_spark import EXIT_SECONDS, HOOK_PATH, Spark, spark_process

PAGES = ["/", "/advice", "/lessons", "/levels", "/sessions"]
FORMS = ["/advice/x/feedback", "/lessons/x/revise", "/lessons/x/retire", "/logout"]
FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


def code_for(spark: Spark) -> str:
    return new_code(Tokens({spark.token: LOCAL_WORKSPACE}), datetime.now(UTC))


@asynccontextmanager
async def browser(spark: Spark) -> AsyncGenerator[httpx.AsyncClient]:
    """A browser that was let in, as far as one is needed here."""
    async with httpx.AsyncClient(base_url=spark.run.http, timeout=10.0) as client:
        reply = await client.get("/login", params={"code": code_for(spark)})
        assert (reply.status_code, reply.headers["location"]) == (303, "/")
        yield client


async def form_token(client: httpx.AsyncClient) -> str:
    found = FORM_TOKEN.search((await client.get("/")).text)
    assert found is not None
    return found[1]


def own(spark: Spark) -> dict[str, str]:
    """What a browser sends with a form of our own."""
    return {"origin": spark.run.http}


@pytest.mark.parametrize("path", [*PAGES, "/advice/00000000000000000000000000", "/sessions/any", "/live"])
async def test_nobody_looks_without_being_known(system: Spark, path: str) -> None:
    async with httpx.AsyncClient(base_url=system.run.http) as client:
        for cookie in (None, "", "x", "9999999999.abc.def"):
            client.cookies.clear()
            if cookie is not None:
                client.cookies.set(f"spark_session_{system.run.http.rpartition(':')[2]}", cookie)
            reply = await client.get(path)
            assert reply.status_code == 401
            assert system.token not in reply.text


async def test_a_code_works_once_and_a_look_ahead_uses_none_up(system: Spark) -> None:
    code = code_for(system)
    async with httpx.AsyncClient(base_url=system.run.http) as client:
        assert (await client.head("/login", params={"code": code})).status_code == 204
        reply = await client.get("/login", params={"code": code})
        cookie = reply.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=2592000"} <= set(cookie.split("; "))
        assert (await client.get("/")).status_code == 200
    async with httpx.AsyncClient(base_url=system.run.http) as other:
        for spent in (code, "", "x" * 5000):
            reply = await other.get("/login", params={"code": spent})
            assert reply.status_code == 401
            assert "set-cookie" not in reply.headers


async def test_a_browser_sent_here_by_another_page_goes_on_by_itself(system: Spark) -> None:
    # It would keep a strict cookie back on a redirect.
    async with httpx.AsyncClient(base_url=system.run.http) as client:
        reply = await client.get("/login", params={"code": code_for(system)}, headers={"sec-fetch-site": "cross-site"})
        assert (reply.status_code, "Welcome" in reply.text) == (200, True)
        assert (await client.get("/")).status_code == 200


async def test_whoever_has_the_token_or_the_socket_may_look_too(system: Spark) -> None:
    async with system.http() as by_token, system.unix() as by_socket:
        for client in (by_token, by_socket):
            assert [(await client.get(path)).status_code for path in PAGES] == [200] * len(PAGES)


async def test_pages_allow_nothing_from_elsewhere_and_are_not_kept(system: Spark) -> None:
    async with browser(system) as client:
        for path in PAGES:
            reply = await client.get(path)
            assert reply.headers["content-security-policy"].startswith("default-src 'self'; ")
            assert "unsafe" not in reply.headers["content-security-policy"]
            assert (reply.headers["cache-control"], reply.headers["x-frame-options"]) == ("no-store", "DENY")
            assert not re.search(r"<script(?! src=\"/static/)|\son\w+=|\sstyle=", reply.text)
            for address in re.findall(r'"(/static/[^"]+)"', reply.text):
                assert (await client.get(address)).headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (await client.get("/static/000000000000/site.css")).headers["cache-control"] == "no-cache"
        assert (await client.get("/static/000000000000/nothing.css")).status_code == 404


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_is_taken_from_our_own_pages_alone(system: Spark, path: str) -> None:
    async with browser(system) as client:
        token = await form_token(client)
        near = [f"{system.run.http}0", f"{system.run.http}/", "http://127.0.0.1:1", "http://127.0.0.1"]
        for origin in ["http://example.com", "null", "", *near]:
            reply = await client.post(path, data={"form_token": token}, headers={"origin": origin})
            assert (reply.status_code, reply.json()["error"]["reason"]) == (403, "FOREIGN_ORIGIN")
        for wrong in ("", "x", token[:-1], "ü"):
            reply = await client.post(path, data={"form_token": wrong}, headers=own(system))
            assert (reply.status_code, "Not from here" in reply.text) == (403, True)
        reply = await client.post(path, json={"form_token": token}, headers=own(system))
        assert reply.status_code == 415
        async with browser(system) as other:
            reply = await other.post(path, data={"form_token": token}, headers=own(system))
            assert reply.status_code == 403
    async with system.http() as by_token:
        reply = await by_token.post(path, data={"form_token": token}, headers=own(system))
        assert reply.status_code == 401


async def test_what_is_for_programs_refuses_our_own_pages_too(system: Spark) -> None:
    async with browser(system) as client:
        for path in (HOOK_PATH, "/v1/feedback", "/v1/chat"):
            reply = await client.post(path, json={}, headers={**own(system), **system.bearer})
            assert (reply.status_code, reply.json()["error"]["reason"]) == (403, "FOREIGN_ORIGIN")
            # And a cookie opens nothing there.
            assert (await client.post(path, json={})).status_code == 401
        assert (await client.get("/metrics", headers=own(system))).status_code == 403


@pytest.mark.parametrize("data", [{}, {"advice_id": "01ABCDEF"}, {"advice_id": "01ABCDEF-0", "verdict": "wonderful"}])
async def test_a_form_that_lacks_something_is_told_so(system: Spark, data: dict[str, str]) -> None:
    async with browser(system) as client:
        given = {"form_token": await form_token(client), **data}
        reply = await client.post("/advice/any/feedback", data=given, headers=own(system))
        assert (reply.status_code, "That does not work" in reply.text) == (400, True)


async def test_live_lines_are_escaped_and_come_after_the_last_that_is_known(system: Spark) -> None:
    async with browser(system) as client, system.http() as hooks:
        agent = Agent(hooks, "/srv/escaped")
        first, second = [await agent.works(f"echo '<b>{word}</b>'") for word in ("first", "second")]
        assert sequence_of(second) > 0
        known, newer = first.headers["spark-decision"], second.headers["spark-decision"]
        until = time.monotonic() + 10
        while newer not in (await client.get("/advice")).text:
            assert time.monotonic() < until
        async with client.stream("GET", "/live", headers={"last-event-id": known}) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            read: list[str] = []
            async for line in stream.aiter_lines():
                read.append(line)
                if line == "" and any("second" in each for each in read):
                    break
    assert f"id: {newer}" in read
    assert not any("first" in line or "<b>second" in line for line in read)
    assert any("&lt;b&gt;second" in line for line in read)


@pytest.mark.parametrize("known", ["", "00000000000000000000000000"])
async def test_a_page_that_came_up_empty_gets_what_has_happened_since_and_the_figures(
    system: Spark, known: str
) -> None:
    async with browser(system) as client, system.http() as hooks:
        decided = (await Agent(hooks, "/srv/first").works("make the-first")).headers["spark-decision"]
        until = time.monotonic() + 10
        while decided not in (await client.get("/advice")).text:
            assert time.monotonic() < until
        # Its tab was in the background meanwhile: it comes with the last decision that it has, which is none.
        async with client.stream("GET", "/live", params={"after": known}) as stream:
            lines = stream.aiter_lines()
            for last in (f"id: {decided}", "event: figures"):
                await asyncio.wait_for(reached(lines, last), 10)


async def test_who_asks_for_the_head_of_the_stream_gets_that_alone(system: Spark) -> None:
    # A reply that never ends would hold up what is asked next on the same connection.
    async with browser(system) as client:
        reply = await client.head("/live")
        assert (reply.status_code, reply.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"
        assert (await client.get("/")).status_code == 200


async def reached(lines: AsyncIterator[str], last: str) -> None:
    """Reads up to a line, without which a stream must not end."""
    async for line in lines:
        if line == last:
            return
    pytest.fail(f"the stream ended without {last}")


async def test_a_service_that_is_away_is_named_on_the_page(up: StartSpark) -> None:
    spark = up("--without", "telemetry", "--without", "prefetch")
    async with spark.http() as client:
        for path in ("/", "/advice", "/levels", "/sessions"):
            reply = await client.get(path)
            assert reply.status_code == 503
            assert "telemetry" in reply.text
            assert "spark status" in reply.text
            assert "Traceback" not in reply.text
        assert (await client.get("/lessons")).status_code == 200
    assert "Traceback" not in spark.said


async def test_an_open_stream_holds_no_stop_up(up: StartSpark) -> None:
    spark = up()
    async with spark.http() as client, client.stream("GET", "/live") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        began = time.monotonic()
        assert await asyncio.to_thread(spark.stop) == 0
        took = time.monotonic() - began
        assert [line async for line in lines if line.startswith("event")] == []
    without = up()
    began = time.monotonic()
    assert without.stop() == 0
    # Uvicorn would wait 2 s for a reply that does not end.
    assert took < time.monotonic() - began + 1.0
    assert "ERROR" not in spark.said


def test_the_command_gives_an_address_that_lets_in(up: StartSpark) -> None:
    spark = up()
    log = spark.home.with_name("dashboard.log")
    assert spark_process(spark.home, "dashboard", "--json", log=log).wait(EXIT_SECONDS) == 0
    url = json.loads(log.read_text())["url"]
    assert url.startswith(f"{spark.run.http}/login?code=")
    assert spark.token not in url
    assert httpx.get(url, follow_redirects=True).status_code == 200


def test_the_command_says_what_to_do_when_spark_is_not_up(home: Path) -> None:
    log = home.with_name("dashboard.log")
    assert spark_process(home, "dashboard", log=log).wait(EXIT_SECONDS) == 1
    assert "`spark up --detach` starts it" in log.read_text()
