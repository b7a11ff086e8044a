"""An independent codec reads what we write and writes what we read: byte for byte, and JSON for JSON.

What betterproto2 cannot show: message options, so that it knows no event's subject (`test_events` reads those), and the
few values named in `golden_messages`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToJson, Parse
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spark.gateway.v1 import hooks_pb2
from spark.memory.v1 import memory_pb2
from spark.packets.v1 import packets_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1 import windows_pb2
from tests.contract.conftest import SecondCodec
from tests.contract.contract_files import MESSAGES, descriptor_of, full_name
from tests.contract.golden_messages import Bare, Choice, Distinct, Drawn, Extreme, Values, choices, filled

GOLDEN = [
    pytest.param(kind, values, choice, id="-".join((full_name(kind), values.__name__, *choice.values())))
    for kind in MESSAGES
    for values in (Distinct, Extreme, Bare)
    for choice in choices(descriptor_of(kind))
]

# Together they hold every message of the contract that crosses a process border with more than a flat list of scalars.
TOPMOST: tuple[type[Message], ...] = (
    hooks_pb2.HandleHookResponse,
    hooks_pb2.ImportHooksRequest,
    hooks_pb2.SettleRequest,
    memory_pb2.ListLessonsResponse,
    memory_pb2.FindSeenLiveRequest,
    packets_pb2.LookupRequest,
    packets_pb2.LookupResponse,
    router_pb2.AdviceDecided,
    windows_pb2.SummarizeResponse,
)


def survives(message: Message, counterpart: Any) -> None:
    """Both codecs agree on the message's bytes and on its JSON, whichever of them reads what the other wrote."""
    wire = message.SerializeToString(deterministic=True)
    theirs = counterpart.parse(wire)
    assert bytes(theirs) == wire
    assert type(message).FromString(bytes(theirs)).SerializeToString(deterministic=True) == wire

    ours_as_json, theirs_as_json = MessageToJson(message), json.dumps(theirs.to_dict())
    assert json.loads(theirs_as_json) == json.loads(ours_as_json)
    assert bytes(counterpart.from_json(ours_as_json)) == wire
    assert Parse(theirs_as_json, type(message)()).SerializeToString(deterministic=True) == wire


@pytest.mark.parametrize(("kind", "values", "choice"), GOLDEN)
def test_golden_messages_survive(
    second_codec: SecondCodec, kind: type[Message], values: type[Distinct | Extreme | Bare], choice: Choice
) -> None:
    survives(filled(kind, values(), choice), second_codec(kind))


@pytest.mark.parametrize("kind", MESSAGES, ids=full_name)
def test_a_golden_message_has_every_field_set(kind: type[Message]) -> None:
    seen = {
        field.name
        for choice in choices(descriptor_of(kind))
        for field, _ in filled(kind, Distinct(), choice).ListFields()
    }
    assert seen == {field.name for field in kind.DESCRIPTOR.fields}


@pytest.mark.parametrize("kind", TOPMOST, ids=full_name)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_any_message_survives(second_codec: SecondCodec, kind: type[Message], data: st.DataObject) -> None:
    drawn: Values = Drawn(data.draw)
    choice = data.draw(st.sampled_from(list(choices(descriptor_of(kind)))))
    survives(filled(kind, drawn, choice), second_codec(kind))


def test_a_time_below_the_microsecond_is_cut_by_the_second_codec_alone(second_codec: SecondCodec) -> None:
    request = windows_pb2.SummarizeRequest()
    request.since.nanos = 123_456_789
    assert windows_pb2.SummarizeRequest.FromString(request.SerializeToString()).since.nanos == 123_456_789
    cut = bytes(second_codec(windows_pb2.SummarizeRequest).parse(request.SerializeToString()))
    assert windows_pb2.SummarizeRequest.FromString(cut).since.nanos == 123_456_000
