"""Whether a message keeps the rules of its contract.

What is repeated is counted before any of it is looked at: protovalidate looks at each of a million in turn, for half a
minute, and all others wait.
"""

from __future__ import annotations

from functools import cache

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from protovalidate import Validator

from buf.validate import validate_pb2

COUNTED_FROM_BYTES = 4096
"""A smaller message is looked at within 0.1 s however it is made."""
MOST_PARTS = 50_000
"""Of a message in all, where its rules set no limit."""

_validator = Validator()

Broken = tuple[str, str]
"""A field's path, and what is wrong with it."""


def broken_rules(message: Message) -> list[Broken]:
    """Each field that breaks a rule; empty for a message that keeps all of them."""
    if message.ByteSize() > COUNTED_FROM_BYTES and (crowded := Count().of(message)):
        return [crowded]
    return [(field_path(each.proto), each.proto.message) for each in _validator.collect_violations(message)]


class Count:
    """Counts the parts of one message, as far as there is need to."""

    def __init__(self) -> None:
        self._left = MOST_PARTS

    def of(self, message: Message, path: str = "") -> Broken | None:
        """The first field that holds too many; None where none does."""
        most = limits_of(message.DESCRIPTOR)
        for field, value in message.ListFields():
            name = f"{path}{field.name}"
            if field.is_repeated:
                self._left -= len(value)
                limit = most[field.name]
                if len(value) > limit or self._left < 0:
                    return name, f"must contain no more than {limit} item(s)"
            if field.type != FieldDescriptor.TYPE_MESSAGE or is_map(field):
                continue
            for place, each in enumerate(value if field.is_repeated else [value]):
                inner = f"{name}[{place}]." if field.is_repeated else f"{name}."
                if crowded := self.of(each, inner):
                    return crowded
        return None


@cache
def limits_of(descriptor: Descriptor) -> dict[str, int]:
    """How many items each repeated field may hold by its rules."""
    rules = {
        field.name: field.GetOptions().Extensions[validate_pb2.field].repeated
        for field in descriptor.fields
        if field.is_repeated
    }
    return {name: rule.max_items if rule.HasField("max_items") else MOST_PARTS for name, rule in rules.items()}


def is_map(field: FieldDescriptor) -> bool:
    """Whether a field is a map, whose entries are no messages of the contract's."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def field_path(violation: object) -> str:
    """Path of the field that a violation is about, `hooks[2].payload`; the message itself is an empty path."""
    field = getattr(violation, "field", None)
    elements = getattr(field, "elements", None) or ()
    steps = ((str(element.field_name), element.subscript) for element in elements)
    return ".".join(name if place is None else f"{name}[{place.value}]" for name, place in steps)
