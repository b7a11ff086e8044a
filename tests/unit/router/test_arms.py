from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.arms import Arm, arm_of, assign
from services.router.settings import Policy
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

shares = st.floats(0, 1)
names = st.text(max_size=40)


def envelope(session: str, agent: str = "", project: str = "") -> moment_pb2.Envelope:
    return moment_pb2.Envelope(
        workspace_id="local",
        session_id=session,
        agent_id=agent,
        project_id=project,
        origin=moment_pb2.ORIGIN_LIVE,
    )


def advised() -> router_pb2.Decision:
    return router_pb2.Decision(text="said", said=[router_pb2.Advice(packet_id="p", text="said")], refuse=True)


@given(names, names, shares, shares, names)
def test_a_greater_share_keeps_whom_a_smaller_one_has(
    workspace: str, session: str, one: float, other: float, salt: str
) -> None:
    less, more = sorted((one, other))
    if arm_of(workspace, session, less, salt) is Arm.CONTROL:
        assert arm_of(workspace, session, more, salt) is Arm.CONTROL


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_as_many_sessions_are_in_the_control_arm_as_are_asked_for(share: float) -> None:
    drawn = [arm_of("local", f"session-{number}", share, "1") for number in range(20_000)]
    # Four standard errors of a share of one half.
    assert drawn.count(Arm.CONTROL) / len(drawn) == pytest.approx(
        share, abs=4 * 0.5 / 20_000**0.5 if 0 < share < 1 else 0
    )


def test_another_experiment_or_workspace_draws_independently() -> None:
    sessions = [f"session-{number}" for number in range(4_000)]
    first = [arm_of("local", session, 0.5, "1") for session in sessions]
    for workspace, salt in (("local", "2"), ("acme", "1")):
        again = [arm_of(workspace, session, 0.5, salt) for session in sessions]
        same = sum(one is other for one, other in zip(first, again, strict=True)) / len(sessions)
        assert same == pytest.approx(0.5, abs=0.04)


def test_what_was_decided_stays_and_nothing_of_it_is_told() -> None:
    decision = advised()
    assign(decision, envelope("s"), Policy(control_share=1.0))
    assert (decision.text, decision.refuse) == ("", False)
    assert (decision.arm, decision.silence) == (router_pb2.ARM_CONTROL, router_pb2.SILENCE_CONTROL_ARM)
    assert decision.said == advised().said


def test_a_silence_of_the_control_arm_keeps_its_reason() -> None:
    decision = router_pb2.Decision(silence=router_pb2.SILENCE_NO_LESSON)
    assign(decision, envelope("s"), Policy(control_share=1.0))
    assert (decision.arm, decision.silence) == (router_pb2.ARM_CONTROL, router_pb2.SILENCE_NO_LESSON)


def test_a_session_keeps_its_arm_in_its_sub_agents_and_in_other_folders() -> None:
    policy = Policy(control_share=0.5)
    for number in range(50):
        arms: set[int] = set()
        for agent, project in (("", "a" * 16), ("sub", "a" * 16), ("", "b" * 16)):
            at = envelope(f"s{number}", agent, project)
            assign(decision := advised(), at, policy)
            arms.add(decision.arm)
        assert len(arms) == 1


@pytest.mark.parametrize(
    ("policy", "origin"),
    [
        (Policy(), moment_pb2.ORIGIN_LIVE),
        (Policy(control_share=1.0, emit=False), moment_pb2.ORIGIN_LIVE),
        (Policy(control_share=1.0), moment_pb2.ORIGIN_REPLAY),
    ],
)
def test_without_an_experiment_nothing_is_touched(policy: Policy, origin: moment_pb2.Origin.ValueType) -> None:
    decision, at = advised(), envelope("s")
    at.origin = origin
    assign(decision, at, policy)
    assert decision == advised()
