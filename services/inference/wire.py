"""The contract's messages as what engines are asked, and back."""

from __future__ import annotations

import json

from google.protobuf.duration_pb2 import Duration

from chassis.breaker import Circuit
from chassis.faults import InvalidArgument
from services.inference import model
from services.inference.kept import Kept
from spark.inference.v1 import engines_pb2, generation_pb2

ROLES = {
    generation_pb2.ROLE_SYSTEM: model.Role.SYSTEM,
    generation_pb2.ROLE_USER: model.Role.USER,
    generation_pb2.ROLE_ASSISTANT: model.Role.ASSISTANT,
}
REASONS = {
    model.FinishReason.STOP: generation_pb2.FINISH_REASON_STOP,
    model.FinishReason.LENGTH: generation_pb2.FINISH_REASON_LENGTH,
    model.FinishReason.ABORTED: generation_pb2.FINISH_REASON_ABORTED,
}
STATES = {
    model.State.STARTING: engines_pb2.ENGINE_STATE_STARTING,
    model.State.WARMING: engines_pb2.ENGINE_STATE_WARMING,
    model.State.READY: engines_pb2.ENGINE_STATE_READY,
    model.State.DEGRADED: engines_pb2.ENGINE_STATE_DEGRADED,
    model.State.DRAINING: engines_pb2.ENGINE_STATE_DRAINING,
}


def prompt_from(request: generation_pb2.GenerateRequest, max_tokens: int) -> model.Prompt:
    """What is asked; `max_tokens` where the request does not say.

    Raises:
        InvalidArgument: when the schema cannot be read.
    """
    if request.json_schema:
        require_object(request.json_schema)
    return model.Prompt(
        request.request_id,
        tuple(model.Message(ROLES[message.role], message.text) for message in request.messages),
        request.max_tokens or max_tokens,
        request.temperature if request.HasField("temperature") else None,
        request.json_schema,
        tuple(request.stop),
    )


def require_object(schema: str) -> None:
    """Makes sure that a schema can be read.

    Raises:
        InvalidArgument: when it is no JSON object, or nested too deeply.
    """
    try:
        found: object = json.loads(schema)
    except RecursionError:
        raise InvalidArgument("the schema is nested too deeply", [("json_schema", "is nested too deeply")]) from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidArgument("the schema is no JSON object", [("json_schema", "is no JSON object")])


def response_of(event: model.Event) -> generation_pb2.GenerateResponse:
    """One event for the wire."""
    match event:
        case model.Started():
            started = generation_pb2.Started(engine=event.engine, model=event.model, queued=Duration())
            started.queued.FromMicroseconds(round(1e6 * event.queued_s))
            return generation_pb2.GenerateResponse(started=started)
        case model.Delta():
            return generation_pb2.GenerateResponse(delta=generation_pb2.Delta(text=event.text))
        case model.Finished():
            finished = generation_pb2.Finished(reason=REASONS[event.reason], usage=usage_of(event.usage))
            return generation_pb2.GenerateResponse(finished=finished)
        case model.Failed():
            usage = usage_of(event.usage)
            failed = generation_pb2.Failed(reason=event.reason, message=event.message, usage=usage)
            return generation_pb2.GenerateResponse(failed=failed)


def usage_of(usage: model.Usage) -> generation_pb2.Usage:
    """What it took."""
    return generation_pb2.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_micro_usd=usage.cost_micro_usd,
        counted_by_engine=usage.counted_by_engine,
    )


def health_of(kept: Kept) -> engines_pb2.EngineHealth:
    """Where an engine stands."""
    return engines_pb2.EngineHealth(engine=kept.engine.name, state=STATES[kept.state], detail=kept.detail)


def info_of(kept: Kept) -> engines_pb2.ModelInfo:
    """What an engine is."""
    engine = kept.engine
    honoured = engine.capabilities
    return engines_pb2.ModelInfo(
        engine=engine.name,
        model=engine.model,
        kind=engine.kind,
        capabilities=engines_pb2.Capabilities(
            streaming=honoured.streaming,
            json_schema=honoured.json_schema,
            abort=honoured.abort,
            usage=honoured.usage,
        ),
        load_seconds=kept.load_seconds,
        hosted=engine.hosted,
    )


def load_of(kept: Kept) -> engines_pb2.EngineLoad:
    """What an engine has to do."""
    admission = kept.admission
    return engines_pb2.EngineLoad(
        engine=kept.engine.name,
        running=admission.running,
        concurrency=admission.concurrency,
        queued=admission.queued,
        queue_limit=admission.queue_limit,
        shed=admission.shed,
        circuit_open=kept.breaker.circuit is not Circuit.CLOSED,
    )
