"""The control arm: which sessions are left without advice for comparison, and what is taken from their decisions. Pure.

The unit is the session, because what one call is told changes the next ones; a sub-agent works in its session, and what
it is told comes back to it. The project is left out of the draw: a session that changes folder keeps its arm.
"""

from __future__ import annotations

from enum import Enum

from chassis.identifiers import digest
from services.router.settings import Policy
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

DRAW_BYTES = 8
DRAWS = float(1 << 8 * DRAW_BYTES)


class Arm(Enum):
    """Whether a session is advised."""

    TREATMENT = router_pb2.ARM_TREATMENT
    CONTROL = router_pb2.ARM_CONTROL


def arm_of(workspace_id: str, session_id: str, share: float, salt: str) -> Arm:
    """The arm of a session: the same on every replica, and drawn anew under another salt.

    `share` is the control arm's, 0 to 1. Raising it moves sessions from treatment to control and none back.
    """
    draw = int(digest("arm", salt, workspace_id, session_id, size=DRAW_BYTES), 16) / DRAWS
    return Arm.CONTROL if draw < share else Arm.TREATMENT


def assign(decision: router_pb2.Decision, envelope: moment_pb2.Envelope, policy: Policy) -> None:
    """Writes the session's arm into a decision, and withholds it in the control arm.

    There is no arm without an experiment, where nobody is told anything, and for a recording driven again: what
    happened in it is past, and would only water down the difference.
    """
    running = policy.control_share > 0 and policy.engine and policy.emit
    if not running or envelope.origin != moment_pb2.ORIGIN_LIVE:
        return
    arm = arm_of(envelope.workspace_id, envelope.session_id, policy.control_share, policy.experiment)
    decision.arm = arm.value
    if arm is Arm.CONTROL and decision.text:
        decision.text = ""
        decision.refuse = False
        decision.silence = router_pb2.SILENCE_CONTROL_ARM
