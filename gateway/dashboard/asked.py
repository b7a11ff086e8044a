"""What a page's address and its forms ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlencode

from google.protobuf.descriptor import EnumDescriptor

from gateway.body import Refused

Known = TypeVar("Known")


def number_of(enum: EnumDescriptor, word: str) -> int:
    """The number of a value of the contract by its bare name in lower case; 0 for none and for one that is unknown."""
    found = enum.values_by_name.get(f"{prefix_of(enum)}{word.upper()}")
    return found.number if found else 0


def name_of(enum: EnumDescriptor, number: int) -> str:
    """The bare name of a value of the contract in lower case; empty for one that is unknown."""
    found = enum.values_by_number.get(number)
    return found.name.removeprefix(prefix_of(enum)).lower() if found else ""


def prefix_of(enum: EnumDescriptor) -> str:
    """What the names of all values of an enum begin with."""
    return enum.values_by_number[0].name.removesuffix("UNSPECIFIED")


def address(path: str, query: Mapping[str, str], anchor: str = "") -> str:
    """An address with what is asked for; what is empty is left out."""
    given = urlencode({name: value for name, value in query.items() if value})
    return path + (f"?{given}" if given else "") + (f"#{anchor}" if anchor else "")


def required(fields: Mapping[str, str], name: str) -> str:
    """A field of a form.

    Raises:
        Refused: 400 when it is not there.
    """
    if not (value := fields.get(name, "")):
        raise Refused(400, "INVALID_ARGUMENT", f"the form lacks {name}")
    return value


def one_of(known: Mapping[str, Known], fields: Mapping[str, str], name: str) -> Known:
    """What a field of a form stands for.

    Raises:
        Refused: 400 when it stands for none of these.
    """
    try:
        return known[fields.get(name, "")]
    except KeyError:
        raise Refused(400, "INVALID_ARGUMENT", f"{name} must be one of {', '.join(known)}") from None
