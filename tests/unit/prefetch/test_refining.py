"""Refining goes on after whatever fails in it."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

import pytest

from chassis.calls import CallContext
from chassis.chain import Chain
from chassis.channels import Channels
from chassis.contract import methods
from chassis.identity import LOCAL_WORKSPACE, Tokens
from chassis.local import LocalChannel
from services.prefetch.load import Load
from services.prefetch.refining import Refining
from spark.inference.v1 import inference_pb2
from spark.inference.v1.inference_pb2_grpc import InferenceServiceServicer, InferenceServiceStub
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import packets_pb2
from spark.packets.v1.packets_pb2_grpc import PacketsServiceServicer, PacketsServiceStub

PATIENCE_S = 10


class Wording(InferenceServiceServicer):
    """Answers first with what is no message, which reaches the caller as no rpc's error."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def Synthesize(  # pyright: ignore[reportIncompatibleMethodOverride]  (a call's context is its second argument)
        self, request: inference_pb2.SynthesizeRequest, call: CallContext
    ) -> inference_pb2.SynthesizeResponse:
        if not self.asked.is_set():
            self.asked.set()
            return cast("inference_pb2.SynthesizeResponse", None)
        return inference_pb2.SynthesizeResponse(text="better words", by_model=True)


class Storing(PacketsServiceServicer):
    """Keeps what is to be stored."""

    def __init__(self) -> None:
        self.stored: asyncio.Queue[packets_pb2.PrepareRequest] = asyncio.Queue()

    async def Prepare(  # pyright: ignore[reportIncompatibleMethodOverride]  (a call's context is its second argument)
        self, request: packets_pb2.PrepareRequest, call: CallContext
    ) -> packets_pb2.PrepareResponse:
        self.stored.put_nowait(request)
        return packets_pb2.PrepareResponse()


def prepared_for(session: str) -> packets_pb2.PrepareRequest:
    envelope = moment_pb2.Envelope(workspace_id=LOCAL_WORKSPACE, project_id="p", session_id=session)
    return packets_pb2.PrepareRequest(
        envelope=envelope, preparation=packets_pb2.Preparation(packets=[packets_pb2.Packet(text="plain words")])
    )


async def test_what_nobody_foresaw_costs_one_preparation(caplog: pytest.LogCaptureFixture) -> None:
    channels = Channels(Tokens({"token": LOCAL_WORKSPACE}), {})
    wording, storing = Wording(), Storing()  # pyright: ignore[reportAbstractUsage]  (they are asked for nothing else)
    for name, servicer, file in (
        ("inference", wording, inference_pb2.DESCRIPTOR),
        ("packets", storing, packets_pb2.DESCRIPTOR),
    ):
        (contract,) = file.services_by_name.values()
        channels.carry(name, LocalChannel(servicer, methods(contract), Chain(())))
    inference, packets = InferenceServiceStub(channels.to("inference")), PacketsServiceStub(channels.to("packets"))
    refining = Refining(inference, packets, Load(1.0), active=True)
    await refining.start()
    async with asyncio.timeout(PATIENCE_S):
        refining.take(prepared_for("one"))
        await wording.asked.wait()
        refining.take(prepared_for("two"))
        stored = await storing.stored.get()
    await refining.stop()
    assert (stored.envelope.session_id, stored.preparation.packets[0].text) == ("two", "better words")
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info
