"""The rules of inference's contract."""

from __future__ import annotations

from spark.inference.v1 import generation_pb2, inference_pb2
from tests.contract.rule import Rule, bounded, known, many
from tests.contract.valid_messages import MESSAGE

ULID = "01K9ZQ4M2X" + "0" * 16
NO_ULIDS = (ULID[1:], ULID + "0", ULID.lower(), "I" + ULID[1:], ULID + "\n")

RULES_OF_INFERENCE: tuple[Rule, ...] = (
    known(generation_pb2.Message, "role", unset=False),
    Rule(generation_pb2.Message, "text", ("t", "é" * 131072), ("", "é" * 131072 + "e")),
    Rule(generation_pb2.GenerateRequest, "request_id", (ULID,), ("", *NO_ULIDS)),
    many(generation_pb2.GenerateRequest, "messages", 1, 64, MESSAGE),
    Rule(generation_pb2.GenerateRequest, "max_tokens", (0, 32768), (32769,)),
    Rule(generation_pb2.GenerateRequest, "temperature", (0.0, 2.0), (-0.01, 2.01, float("nan"))),
    Rule(generation_pb2.GenerateRequest, "json_schema", ("é" * 32768,), ("é" * 32768 + "e",)),
    bounded(generation_pb2.GenerateRequest, "engine", 0, 64),
    many(generation_pb2.GenerateRequest, "stop", 0, 4),
    Rule(inference_pb2.AbortRequest, "request_id", (ULID,), ("", *NO_ULIDS)),
    bounded(inference_pb2.ChatRequest, "session_id", 1, 200),
    Rule(inference_pb2.ChatRequest, "text", ("t", "é" * 32768), ("", "é" * 32768 + "e")),
    Rule(inference_pb2.ChatRequest, "entry_id", ("", ULID), NO_ULIDS),
    Rule(inference_pb2.RateRequest, "answer_id", (ULID,), ("", *NO_ULIDS)),
    bounded(inference_pb2.SynthesizeRequest, "text", 1, 4000),
    many(inference_pb2.SynthesizeRequest, "facts", 0, 32),
    known(inference_pb2.SynthesizeRequest, "mode", unset=True),
    Rule(inference_pb2.SynthesizeRequest, "max_chars", (0, 4000), (4001,)),
)
