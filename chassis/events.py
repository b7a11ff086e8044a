"""Events as the contract names them: subject, stream and headers of a message on the bus."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.message import Message

from spark.event.v1 import options_pb2

SOURCE = "/spark"
ONCE = "Nats-Msg-Id"
"""The header by which JetStream drops what it had within its duplicate window."""
PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class EventType:
    """Where messages of one type travel."""

    message: type[Message]
    subject: str
    stream: str

    def subject_for(self, *tokens: str) -> str:
        """The full subject; each token is made safe for NATS."""
        return ".".join((self.subject, *(subject_token(token) for token in tokens)))


def event_type(message: type[Message]) -> EventType:
    """What the contract says of an event.

    Raises:
        TypeError: when the message is none.
    """
    options = message.DESCRIPTOR.GetOptions()
    if not options.HasExtension(options_pb2.event):
        raise TypeError(f"{message.DESCRIPTOR.full_name} is no event: it lacks the option spark.event.v1.event")
    event = options.Extensions[options_pb2.event]
    return EventType(message, event.subject, event.stream)


def subject_token(text: str) -> str:
    """A text as one token of a subject: itself where plain and short, else its hash."""
    if PLAIN.fullmatch(text):
        return text
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def headers(kind: EventType, event_id: str, occurred_at: datetime, traceparent: str) -> dict[str, str]:
    """CloudEvents 1.0 in NATS' binary mode, and the id by which JetStream drops what it has already."""
    return {
        ONCE: event_id,
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-type": kind.message.DESCRIPTOR.full_name,
        "ce-source": SOURCE,
        "ce-time": occurred_at.isoformat(),
        "content-type": "application/protobuf",
        "traceparent": traceparent,
    }
