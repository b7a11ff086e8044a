"""Messages with every field set, of any type in the contract.

Deviations of betterproto2 bound the values; our contract needs none of them. It holds times as Python's datetime and
timedelta, so that nothing below a microsecond survives. It takes minus zero for the default, which the official codec
sends. In JSON it cannot read a negative Duration, and writes the fraction of a positive one without trailing zeros.
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, product
from typing import Protocol, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import strategies as st

from tests.contract.contract_files import descriptor_of, fields_of

T = TypeVar("T")

WELL_KNOWN = (Timestamp.DESCRIPTOR.full_name, Duration.DESCRIPTOR.full_name)
EARLIEST, LATEST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)  # noqa: DTZ001  (hypothesis wants naive)
LONGEST = timedelta(days=3_650_000)


class Values(ABC):
    """Where the values of a message's fields come from."""

    @abstractmethod
    def scalar(self, field: FieldDescriptor) -> object:
        """A value for a field that holds no message."""

    @abstractmethod
    def time(self) -> datetime:
        """A point in time."""

    @abstractmethod
    def span(self) -> timedelta:
        """A length of time."""

    @abstractmethod
    def length(self) -> int:
        """How many items a repeated field has."""


class Distinct(Values):
    """Ordinary values, no two alike, so that no field can be taken for another."""

    def __init__(self) -> None:
        self._next = count(1)

    def scalar(self, field: FieldDescriptor) -> object:
        number = next(self._next)
        match field.cpp_type:
            case FieldDescriptor.CPPTYPE_BOOL:
                return True
            case FieldDescriptor.CPPTYPE_ENUM:
                assert field.enum_type is not None
                return field.enum_type.values[-1].number
            case FieldDescriptor.CPPTYPE_DOUBLE:
                return number / 7
            case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
                return b'{"n": %d, "\xff\x00": 1}' % number
            case FieldDescriptor.CPPTYPE_STRING:
                return f'{number} "quoted" \\ é 漢 🌊\n'
            case _:
                return number

    def time(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(self._next), microseconds=123_456)

    def span(self) -> timedelta:
        return timedelta(milliseconds=next(self._next))

    def length(self) -> int:
        return 2


class Extreme(Values):
    """The last value that each type can hold."""

    def scalar(self, field: FieldDescriptor) -> object:
        match field.cpp_type:
            case FieldDescriptor.CPPTYPE_BOOL:
                return True
            case FieldDescriptor.CPPTYPE_ENUM:
                return 2**31 - 1  # A value that a newer server may know.
            case FieldDescriptor.CPPTYPE_DOUBLE:
                return sys.float_info.max
            case FieldDescriptor.CPPTYPE_UINT32:
                return 2**32 - 1
            case FieldDescriptor.CPPTYPE_UINT64:
                return 2**64 - 1
            case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
                return bytes(range(256))
            case FieldDescriptor.CPPTYPE_STRING:
                return "\0\x7f\u0085\u2028\ufeff\uffff\U0010ffff"
            case _:
                raise AssertionError(f"{field.full_name}: the contract has no such type yet; say what is extreme of it")

    def time(self) -> datetime:
        return LATEST.replace(tzinfo=UTC)

    def span(self) -> timedelta:
        return LONGEST

    def length(self) -> int:
        return 3


class Bare(Values):
    """Every message present and every scalar at its default: what presence alone must carry."""

    def scalar(self, field: FieldDescriptor) -> object:
        match field.cpp_type:
            case FieldDescriptor.CPPTYPE_BOOL:
                return False
            case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
                return b""
            case FieldDescriptor.CPPTYPE_STRING:
                return ""
            case _:
                return 0

    def time(self) -> datetime:
        return datetime(1970, 1, 1, tzinfo=UTC)

    def span(self) -> timedelta:
        return timedelta(0)

    def length(self) -> int:
        return 2


class Draw(Protocol):
    """Draws a value from a strategy."""

    def __call__(self, strategy: st.SearchStrategy[T], /) -> T: ...


class Drawn(Values):
    """Whatever hypothesis comes upon."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    def scalar(self, field: FieldDescriptor) -> object:
        match field.cpp_type:
            case FieldDescriptor.CPPTYPE_BOOL:
                return self._draw(st.booleans())
            case FieldDescriptor.CPPTYPE_ENUM:
                return self._draw(st.integers(-(2**31), 2**31 - 1))
            case FieldDescriptor.CPPTYPE_DOUBLE:
                return self._draw(st.floats(allow_nan=False).filter(lambda value: value or math.copysign(1, value) > 0))
            case FieldDescriptor.CPPTYPE_UINT32:
                return self._draw(st.integers(0, 2**32 - 1))
            case FieldDescriptor.CPPTYPE_UINT64:
                return self._draw(st.integers(0, 2**64 - 1))
            case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
                return self._draw(st.binary(max_size=40))
            case FieldDescriptor.CPPTYPE_STRING:
                return self._draw(st.text(max_size=20))
            case _:
                raise AssertionError(f"{field.full_name}: the contract has no such type yet; say how to draw it")

    def time(self) -> datetime:
        return self._draw(st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC)))

    def span(self) -> timedelta:
        return timedelta(seconds=self._draw(st.integers(0, int(LONGEST.total_seconds()))))

    def length(self) -> int:
        return self._draw(st.integers(0, 2))


Choice = dict[str, str]
"""Full name of a oneof to the field of it that is set."""


def choices(descriptor: Descriptor) -> Iterator[Choice]:
    """Every way to set the oneofs of a message and of what it holds."""
    oneofs = _oneofs(descriptor)
    for chosen in product(*([field.name for field in oneof.fields] for oneof in oneofs)):
        yield {oneof.full_name: name for oneof, name in zip(oneofs, chosen, strict=True)}


def _oneofs(descriptor: Descriptor) -> list[OneofDescriptor]:
    found = list(descriptor.oneofs)
    for field in fields_of(descriptor):
        if field.message_type is not None and field.message_type.full_name not in WELL_KNOWN:
            found += _oneofs(field.message_type)
    return found


def filled(kind: type[Message], values: Values, choice: Choice) -> Message:
    """A message with every field set, of each oneof the field chosen."""
    message = kind()
    for field in fields_of(descriptor_of(kind)):
        if field.containing_oneof is not None and choice[field.containing_oneof.full_name] != field.name:
            continue
        if field.is_repeated:
            made = [_value(field, values, choice) for _ in range(values.length())]
            getattr(message, field.name).extend(made)
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(_value(field, values, choice))
        else:
            setattr(message, field.name, _value(field, values, choice))
    return message


def _value(field: FieldDescriptor, values: Values, choice: Choice) -> object:
    if field.message_type is None:
        return values.scalar(field)
    if field.message_type.full_name == Timestamp.DESCRIPTOR.full_name:
        moment = Timestamp()
        moment.FromDatetime(values.time())
        return moment
    if field.message_type.full_name == Duration.DESCRIPTOR.full_name:
        span = Duration()
        span.FromTimedelta(values.span())
        return span
    return filled(GetMessageClass(field.message_type), values, choice)
