"""Arms compared by what telemetry has heard, on a real Postgres."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1.telemetry_pb2 import ArmFigures, CompareArmsRequest, CompareArmsResponse, ForgetRequest
from tests.integration.telemetry.world import PROJECT, World, calling, decided

OTHER_PROJECT = "00000000000000bb"
NOON = datetime.now(UTC).replace(hour=12)
TREATMENT, CONTROL = router_pb2.ARM_TREATMENT, router_pb2.ARM_CONTROL


def call(
    session: str,
    arm: router_pb2.Arm.ValueType,
    failed: bool = False,
    *,
    pieces: int = 0,
    project: str = PROJECT,
    workspace: str = "local",
    at: datetime = NOON,
) -> router_pb2.AdviceDecided:
    """The decision at a call that came back: with pieces said, or in the control arm withheld."""
    text = "said" if pieces and arm != CONTROL else ""
    silence = router_pb2.SILENCE_CONTROL_ARM if pieces else router_pb2.SILENCE_NO_LESSON
    event = decided(session=session, text=text, silence=silence, project=project, workspace=workspace, observed_at=at)
    event.kind = moment_pb2.MOMENT_KIND_CALL_FAILED if failed else moment_pb2.MOMENT_KIND_CALL_SUCCEEDED
    event.decision.arm = arm
    for number in range(pieces):
        event.decision.said.add(packet_id=f"p{number}")
    return event


def session(name: str, arm: router_pb2.Arm.ValueType, calls: int, failures: int) -> list[router_pb2.AdviceDecided]:
    return [call(name, arm, failed=number < failures) for number in range(calls)]


async def compared(world: World, workspace: str = "local", **wanted: object) -> CompareArmsResponse:
    with calling(workspace):
        return await world.stub.CompareArms(CompareArmsRequest(**wanted))  # pyright: ignore[reportArgumentType]


def figures(arm: ArmFigures) -> tuple[int, int, int, int]:
    return arm.sessions, arm.calls, arm.failures, arm.pieces


async def test_each_arm_is_counted_by_calls_that_came_back(world: World) -> None:
    proposed = call("a", TREATMENT, pieces=1)
    proposed.kind = moment_pb2.MOMENT_KIND_CALL_PROPOSED
    refused = call("a", TREATMENT)
    refused.kind = moment_pb2.MOMENT_KIND_CALL_REJECTED
    never_called = call("d", CONTROL, pieces=1)
    never_called.kind = moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED
    no_experiment = call("e", router_pb2.ARM_UNSPECIFIED, failed=True)
    events = [
        *(call("a", TREATMENT), call("a", TREATMENT, failed=True, pieces=2), proposed, refused),
        *(call("b", CONTROL, failed=True, pieces=2), call("c", CONTROL, failed=True), never_called, no_experiment),
    ]
    await world.record(*events, *events)
    await world.record(*events, call("a", TREATMENT))
    answer = await compared(world)
    assert figures(answer.treatment) == (1, 3, 1, 3)
    assert figures(answer.control) == (2, 2, 2, 2)
    assert answer.treatment.failure_rate == pytest.approx(1 / 3)
    assert answer.difference == pytest.approx(-2 / 3)
    assert (answer.enough, answer.alpha, answer.lower, answer.upper) == (False, 0.05, -1, 1)
    assert answer.verdict == ("too little to say: each arm needs 20 sessions and 300 calls, the lesser has 1 and 2")


async def test_nothing_is_said_of_an_experiment_that_never_was(world: World) -> None:
    await world.record(decided(text="said"))
    answer = await compared(world)
    assert not answer.enough
    assert figures(answer.treatment) == figures(answer.control) == (0, 0, 0, 0)


async def test_a_verdict_says_who_fails_less_and_a_smaller_alpha_is_more_careful(world: World) -> None:
    events = [
        event
        for number in range(25)
        for event in (
            *session(f"advised-{number}", TREATMENT, 16, number % 2),
            *session(f"left-alone-{number}", CONTROL, 16, 6 + number % 3),
        )
    ]
    await world.record(*events)
    answer, careful = await compared(world), await compared(world, alpha=1e-9)
    assert answer.enough
    assert -1 < careful.lower < answer.lower < answer.difference < answer.upper < 0
    assert answer.verdict == (
        f"advice lowers failures by {-100 * answer.upper:.1f} to {-100 * answer.lower:.1f} points"
    )


async def test_a_session_that_was_in_both_arms_is_in_none(world: World) -> None:
    await world.record(call("a", TREATMENT), call("a", CONTROL), call("b", CONTROL))
    answer = await compared(world)
    assert (answer.treatment.sessions, answer.control.sessions) == (0, 1)


async def test_a_comparison_can_be_of_a_project_or_of_sessions_that_began_later(world: World) -> None:
    await world.record(
        call("a", TREATMENT, at=NOON - timedelta(days=2)),
        call("a", TREATMENT),
        call("b", CONTROL, project=OTHER_PROJECT),
        call("c", CONTROL, workspace="acme"),
    )
    since = CompareArmsRequest()
    since.since.FromDatetime(NOON - timedelta(hours=1))
    assert (await compared(world)).treatment.calls == 2
    later = await compared(world, since=since.since)
    assert (later.treatment.sessions, later.control.sessions) == (0, 1)
    assert (await compared(world, project_id=OTHER_PROJECT)).treatment.sessions == 0
    assert (await compared(world, "acme")).control.sessions == 1


async def test_what_was_counted_outlives_the_decisions_and_goes_when_it_is_forgotten(world: World) -> None:
    await world.record(call("a", TREATMENT), call("b", CONTROL, project=OTHER_PROJECT), call("c", CONTROL))
    await world.tables.execute("truncate telemetry.decision")
    assert (await compared(world)).control.sessions == 2
    with calling():
        await world.stub.Forget(ForgetRequest(session_id="a"))
        await world.stub.Forget(ForgetRequest(project_id=OTHER_PROJECT))
    answer = await compared(world)
    assert (answer.treatment.sessions, answer.control.sessions) == (0, 1)
