"""The rpc face of packets."""

from __future__ import annotations

from chassis.calls import CallContext
from chassis.consumer import Consumer
from services.packets.feedback import Feedback
from services.packets.library import Library
from services.packets.preparations import Preparations
from spark.packets.v1 import advice_pb2, packets_pb2

DEFAULT_PATIENCE_S = 5.0


class PacketsServicer:
    """Implements spark.packets.v1.PacketsService."""

    def __init__(self, library: Library, preparations: Preparations, feedback: Feedback, consumer: Consumer) -> None:
        self._library = library
        self._preparations = preparations
        self._feedback = feedback
        self._consumer = consumer

    async def Lookup(self, request: packets_pb2.LookupRequest, call: CallContext) -> packets_pb2.LookupResponse:
        """Finds the packets for a moment, with the session's gate state."""
        request.moment.envelope.workspace_id = call.workspace_id
        found = await self._library.find(request.moment, request.limit)
        return packets_pb2.LookupResponse(
            candidates=found.candidates, gate=found.gate, prepared=found.prepared, standings=found.standings
        )

    async def Weigh(self, request: packets_pb2.WeighRequest, call: CallContext) -> packets_pb2.WeighResponse:
        """Tells what came of packets before."""
        return packets_pb2.WeighResponse(known=await self._library.weigh(call.workspace_id, request.packet_ids))

    async def Claim(self, request: packets_pb2.ClaimRequest, call: CallContext) -> packets_pb2.ClaimResponse:
        """Takes the right to show packets now."""
        request.moment.envelope.workspace_id = call.workspace_id
        granted = await self._library.claim(
            request.moment, request.version, request.packet_ids, refused=request.refused
        )
        return packets_pb2.ClaimResponse(granted=granted)

    async def PutPacket(
        self, request: packets_pb2.PutPacketRequest, call: CallContext
    ) -> packets_pb2.PutPacketResponse:
        """Stores a packet."""
        return packets_pb2.PutPacketResponse(stored=await self._library.put(call.workspace_id, request.packet))

    async def Prepare(self, request: packets_pb2.PrepareRequest, call: CallContext) -> packets_pb2.PrepareResponse:
        """Stores what is ready for the next moment of a session."""
        stored, idle = await self._preparations.store(call.workspace_id, request)
        return packets_pb2.PrepareResponse(stored=stored, idle_per_hundred_calls=idle)

    async def GiveFeedback(
        self, request: advice_pb2.GiveFeedbackRequest, call: CallContext
    ) -> advice_pb2.GiveFeedbackResponse:
        """Takes a user's word on one piece of advice."""
        advice = await self._feedback.give(call.workspace_id, request.advice_id, request.verdict)
        return advice_pb2.GiveFeedbackResponse(advice=advice)

    async def ListAdvice(
        self, request: advice_pb2.ListAdviceRequest, call: CallContext
    ) -> advice_pb2.ListAdviceResponse:
        """Shows advice that was given, and what became of it."""
        given = await self._feedback.given(
            call.workspace_id, request.session_id, request.project_id, request.advice_ids, request.page_size
        )
        return advice_pb2.ListAdviceResponse(advice=given)

    async def InvalidatePacket(
        self, request: packets_pb2.InvalidatePacketRequest, call: CallContext
    ) -> packets_pb2.InvalidatePacketResponse:
        """Takes a packet out of use."""
        await self._library.invalidate(call.workspace_id, request.packet_id, request.reason)
        return packets_pb2.InvalidatePacketResponse()

    async def GetStatus(
        self, request: packets_pb2.GetStatusRequest, call: CallContext
    ) -> packets_pb2.GetStatusResponse:
        """Counts what is stored."""
        return packets_pb2.GetStatusResponse(**dict(await self._library.status(call.workspace_id, request.project_id)))

    async def AwaitMaterialised(
        self, request: packets_pb2.AwaitMaterialisedRequest, call: CallContext
    ) -> packets_pb2.AwaitMaterialisedResponse:
        """Returns once every lesson announced up to a place in the stream is a packet."""
        patience = request.patience.ToTimedelta().total_seconds() or DEFAULT_PATIENCE_S
        return packets_pb2.AwaitMaterialisedResponse(
            materialised=await self._consumer.reached(request.sequence, patience)
        )

    async def Forget(self, request: packets_pb2.ForgetRequest, call: CallContext) -> packets_pb2.ForgetResponse:
        """Erases a session's gate state or a project's packets."""
        if request.WhichOneof("subject") == "session_id":
            erased = await self._library.forget_session(call.workspace_id, request.session_id)
        else:
            erased = await self._library.forget_project(call.workspace_id, request.project_id)
        return packets_pb2.ForgetResponse(erased=erased)
