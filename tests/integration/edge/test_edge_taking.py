"""What a fleet believes of a machine that sends it moments: nothing that would be another's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.repository import project_id
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.moment.v1 import moment_pb2
from tests.integration.chassis.waiting import eventually
from tests.integration.runbooks.traffic import stream_of
from tests.integration.system.running_spark import Spark

PATH = "/v1/hooks/moments"
PROTOBUF = {"content-type": "application/x-protobuf"}
SECRET = "ghp_" + "a1B2c3D4e5" * 3 + "F6g7H8"
REMOTE = "https://git.example.com/team/taken.git"


def moment(number: int, **call: str) -> moment_pb2.Moment:
    """A failed call, as another machine's gateway would send it."""
    made = moment_pb2.Moment(
        envelope=moment_pb2.Envelope(
            event_id=f"{number:032x}",
            workspace_id="somebody-else",
            project_id="0" * 16,
            session_id=f"taken-{number}",
            client="claude-code",
            origin=moment_pb2.ORIGIN_IMPORT,
            occurred_at=Timestamp(seconds=1),
            observed_at=Timestamp(seconds=1),
            schema_version=1,
            decision_id="0" * 26,
        ),
        kind=moment_pb2.MOMENT_KIND_CALL_FAILED,
        project=moment_pb2.Project(root="/home/a/taken", remote=REMOTE),
        call=moment_pb2.ToolCall(tool_use_id="c", tool="Bash", command="make taken", target="make taken"),
        outcome=moment_pb2.Outcome(error="boom", failure_class="shell.not_found", mistake=True),
    )
    for name, value in call.items():
        setattr(made.call, name, value)
    return made


async def sent(client: httpx.AsyncClient, *moments: moment_pb2.Moment, answered: int | None = 0) -> httpx.Response:
    request = hooks_pb2.TakeMomentsRequest(moments=moments, answered=answered)
    return await client.post(PATH, content=request.SerializeToString(), headers=PROTOBUF)


async def test_whose_it_is_when_and_what_project_are_the_fleets_word(fleet: Spark) -> None:
    began = datetime.now(UTC) - timedelta(seconds=5)
    secret = moment(1, command=f"curl -u me:{SECRET} x\0", description=f"uses {SECRET}")
    async with fleet.http() as client:
        reply = await sent(client, secret)
    assert reply.status_code == 200, reply.text
    taken = hooks_pb2.TakeMomentsResponse.FromString(reply.content)
    assert taken.sequence > 0
    assert taken.decision.decision_id not in ("", "0" * 26)
    await fleet.settle(taken.sequence)

    async def recorded() -> bool:
        return bool(await fleet.rows("select 1 from telemetry.moment where session_id = 'taken-1'"))

    await eventually(recorded)
    (row,) = await fleet.rows("select * from telemetry.moment where session_id = 'taken-1'")
    assert row["workspace_id"] == "local"
    assert row["project_id"] == project_id("/home/a/taken", REMOTE)
    assert row["occurred_at"] > began
    assert row["origin"] == moment_pb2.ORIGIN_LIVE
    assert row["event_id"] != f"{1:032x}", "an id of another workspace must not stand in the way of one here"
    everything = await fleet.rows("select body::text from memory.lesson")
    assert not any(SECRET in each["body"] for each in everything)
    shown = await fleet.rows("select root from gateway.elsewhere where remote = $1", REMOTE)
    assert [each["root"] for each in shown] == ["/home/a/taken"]


async def test_a_root_of_another_machine_holds_no_folder_here(fleet: Spark) -> None:
    wide = moment(20)
    wide.project.root = "/home"
    async with fleet.http() as client, fleet.grpc() as channel:
        assert (await sent(client, wide)).status_code == 200
        asked = hooks_pb2.ResolveProjectRequest(folder="/home/somebody/notes")
        found = await HooksServiceStub(channel).ResolveProject(asked, metadata=fleet.metadata)
    assert found.root == "/home/somebody/notes"


async def test_what_a_newer_gateway_sends_beside_is_not_kept(fleet: Spark) -> None:
    newer = moment(21).SerializeToString() + b"\xfa\x3e" + bytes([len(SECRET)]) + SECRET.encode()
    request = hooks_pb2.TakeMomentsRequest(moments=[moment_pb2.Moment.FromString(newer)], answered=0)
    assert SECRET.encode() in request.SerializeToString()
    async with fleet.http() as client:
        reply = await client.post(PATH, content=request.SerializeToString(), headers=PROTOBUF)
    sequence = hooks_pb2.TakeMomentsResponse.FromString(reply.content).sequence
    async with stream_of(fleet.run) as stream:
        assert SECRET.encode() not in ((await stream.get_msg("MOMENTS", sequence)).data or b"")


async def test_the_moments_of_one_hook_have_one_decision(fleet: Spark) -> None:
    async with fleet.http() as client:
        reply = await sent(client, moment(22), moment(23), answered=1)
    taken = hooks_pb2.TakeMomentsResponse.FromString(reply.content)
    ids: set[str] = set()
    async with stream_of(fleet.run) as stream:
        for sequence in (taken.sequence - 1, taken.sequence):
            data = (await stream.get_msg("MOMENTS", sequence)).data or b""
            ids.add(moment_pb2.MomentObserved.FromString(data).moment.envelope.decision_id)
    assert ids == {taken.decision.decision_id}


async def test_what_no_gateway_sends_is_refused(fleet: Spark) -> None:
    nowhere, unknown, odd, empty = moment(2), moment(3), moment(4, input_digest="no hash"), moment(5)
    nowhere.project.root = ""
    unknown.envelope.client = "moments"
    empty.envelope.session_id = ""
    wordy, long_class = moment(9), moment(10)
    wordy.call.tokens.append("w" * 100)
    long_class.outcome.failure_class = f"{'a' * 100}.b"
    async with fleet.http() as client:
        for wrong in (nowhere, unknown, odd, empty, wordy, long_class):
            reply = await sent(client, wrong)
            assert (reply.status_code, reply.json()["error"]["reason"]) == (400, "INVALID_ARGUMENT")
        assert (await sent(client, moment(6), answered=1)).status_code == 400
        assert (await sent(client)).status_code == 400
        assert (await sent(client, *(moment(number) for number in range(100, 165)))).status_code == 400
        elsewhere = moment(11)
        elsewhere.project.root = "/home/b/other"
        assert (await sent(client, moment(12), elsewhere)).status_code == 400
        too_much = [moment(number, command="x" * 20_000) for number in range(30, 60)]
        assert (await sent(client, *too_much)).status_code == 400
        assert (await client.post(PATH, content=b"\xff", headers=PROTOBUF)).status_code == 400
        assert (await client.post(PATH, json={})).status_code == 415
        assert (await client.post(PATH, content=bytes(9 << 20), headers=PROTOBUF)).status_code == 413
        assert (await client.get(PATH)).json()["takes"] == "moments"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_without_the_token_nothing_is_taken(fleet: Spark, method: str) -> None:
    async with httpx.AsyncClient(base_url=fleet.run.http) as stranger:
        assert (await stranger.request(method, PATH, headers=PROTOBUF)).status_code == 401


async def test_a_moment_without_a_question_gets_none_answered(fleet: Spark) -> None:
    async with fleet.http() as client:
        reply = await sent(client, moment(7), moment(8), answered=None)
        again = await sent(client, moment(7), moment(8), answered=None)
    taken, twice = (hooks_pb2.TakeMomentsResponse.FromString(each.content) for each in (reply, again))
    assert not taken.HasField("decision")
    assert taken.sequence == twice.sequence, "what came before is not learnt from again"
