"""What is held, row by row, as the contract has it."""

from __future__ import annotations

from dataclasses import fields

from services.telemetry.erasure import Exported
from services.telemetry.model import Moment, Session
from services.telemetry.wire import happening_to, session_to
from spark.fault.v1 import seen_pb2
from spark.inference.v1 import ended_pb2
from spark.packets.v1 import judged_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1 import telemetry_pb2


def record_to(held: Exported) -> telemetry_pb2.ExportResponse:
    """One thing held."""
    row = held.row
    match held.table:
        case "decision":
            return telemetry_pb2.ExportResponse(decision=router_pb2.AdviceDecided.FromString(row["event"]))
        case "advice":
            return telemetry_pb2.ExportResponse(advice=judged_pb2.AdviceJudged.FromString(row["event"]))
        case "generation":
            return telemetry_pb2.ExportResponse(generation=ended_pb2.GenerationEnded.FromString(row["event"]))
        case "fault":
            return telemetry_pb2.ExportResponse(fault=seen_pb2.FaultSeen.FromString(row["event"]))
        case "moment":
            return telemetry_pb2.ExportResponse(moment=happening_to(Moment(*row)))
        case _:
            session = Session(*(row[field.name] for field in fields(Session)))
            return telemetry_pb2.ExportResponse(session=session_to(session))
