"""What engines are asked and what they answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """Who speaks; the values are those of the OpenAI protocol."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class FinishReason(Enum):
    """Why a generation ended."""

    STOP = "stop"
    LENGTH = "length"
    ABORTED = "aborted"


class State(Enum):
    """Where an engine stands; only a ready one serves."""

    STARTING = "starting"
    WARMING = "warming"
    READY = "ready"
    DEGRADED = "degraded"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """One completion as it is asked for."""

    request_id: str
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float | None = None
    json_schema: str = ""
    """A JSON schema that the output must obey; empty for free text."""
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, whether the engine counted them itself, and what they cost in millionths of a US dollar."""

    input_tokens: int = 0
    output_tokens: int = 0
    counted_by_engine: bool = False
    cost_micro_usd: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """A further piece of the output."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a generation that came to its end; nothing follows."""

    reason: FinishReason
    usage: Usage


@dataclass(frozen=True, slots=True)
class Started:
    """An engine has taken the request; `queued_s` is the time in our queue, seconds."""

    engine: str
    model: str
    queued_s: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The end of a generation that broke after its first piece; `reason` is a name of spark.fault.v1.Reason."""

    reason: str
    message: str
    usage: Usage


Event = Started | Delta | Finished | Failed


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine honours; what it does not is refused before it is asked."""

    streaming: bool = True
    json_schema: bool = False
    abort: bool = True
    usage: bool = True
