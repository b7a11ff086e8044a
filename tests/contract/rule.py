"""A rule of the contract with values on both sides of it, and the shapes that most rules have."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import Message

from tests.contract.contract_files import descriptor_of


@dataclass(frozen=True)
class Rule:
    """A field and values on both sides of its rule; `fits` and `breaks` alternate around each border."""

    kind: type[Message]
    field: str
    fits: tuple[object, ...]
    breaks: tuple[object, ...]


def bounded(kind: type[Message], field: str, low: int, high: int) -> Rule:
    """A text with a least and a greatest length in characters."""
    fits, breaks = ("é" * low, "é" * high), ("é" * (high + 1),)
    return Rule(kind, field, fits, (*breaks, "é" * (low - 1)) if low else breaks)


def hexadecimal(kind: type[Message], field: str, length: int) -> Rule:
    """A hash of so many characters."""
    wrong = ("0" * (length - 1), "0" * (length + 1), "G" + "0" * (length - 1), "A" * length, "0" * length + "\n")
    return Rule(kind, field, ("0123456789abcdef" * (length // 16),), wrong)


def many(kind: type[Message], field: str, low: int, high: int, item: object = "word") -> Rule:
    """A list with a least and a greatest number of items."""
    fits, breaks = ([item] * low, [item] * high), ([item] * (high + 1),)
    return Rule(kind, field, fits, (*breaks, [item] * (low - 1)) if low else breaks)


def present(kind: type[Message], field: str) -> Rule:
    """A message that must be there; its default is none."""
    return Rule(kind, field, (), (None,))


def known(kind: type[Message], field: str, *, unset: bool) -> Rule:
    """A value of an enum, 0 only where that has a meaning."""
    values = descriptor_of(kind).fields_by_name[field].enum_type
    assert values is not None
    last = max(value.number for value in values.values)
    return Rule(kind, field, (0, last) if unset else (1, last), (last + 1, -1) if unset else (last + 1, -1, 0))


SHARE = ((0.0, 1.0), (-0.01, 1.01, float("nan"), float("inf")))
TEXT_BYTES = (("é" * 10240,), ("é" * 10240 + "e",))
