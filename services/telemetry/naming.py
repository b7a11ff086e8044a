"""What the contract calls its numbers."""

from __future__ import annotations

from google.protobuf.descriptor import EnumDescriptor

from spark.moment.v1 import moment_pb2
from spark.packets.v1 import advice_pb2
from spark.router.v1 import router_pb2

ROUTES = router_pb2.Route.DESCRIPTOR
SILENCES = router_pb2.Silence.DESCRIPTOR
KINDS = moment_pb2.MomentKind.DESCRIPTOR
STATES = advice_pb2.AdviceState.DESCRIPTOR
VERDICTS = advice_pb2.Verdict.DESCRIPTOR


def name_of(enum: EnumDescriptor, number: int) -> str:
    """The contract's name of a value, lower-case and without the enum's own; the number where it has none yet."""
    value = enum.values_by_number.get(number)
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return value.name.removeprefix(prefix).lower() if value else str(number)
