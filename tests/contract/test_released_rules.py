"""What the last release could send may be sent still: no rule on a field that it knew is another than it was then.

A rule that is new or stricter refuses clients that are there already, and neither buf nor a message that keeps today's
rules would show it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor

from tests.contract.contract_files import MESSAGES, descriptor_of, full_name
from tests.contract.released_contract import FILES

LOOSER: dict[str, str] = {}
"""Fields whose rule takes more than it did then, by their full name, and what it takes more."""

TODAY = {full_name(kind): descriptor_of(kind) for kind in MESSAGES}


def with_nested(message: Descriptor) -> Iterator[Descriptor]:
    yield message
    for nested in message.nested_types:
        yield from with_nested(nested)


THEN = [each for file in FILES for message in file.message_types_by_name.values() for each in with_nested(message)]


def rules_of(described: Descriptor | FieldDescriptor | OneofDescriptor) -> bytes:
    """The options of a message, a oneof or a field, in which its rules are."""
    return described.GetOptions().SerializeToString(deterministic=True)


@pytest.mark.parametrize("then", THEN, ids=lambda then: then.full_name)
def test_rules_of_the_release_stand_as_they_were(then: Descriptor) -> None:
    now = TODAY[then.full_name]
    assert rules_of(now) == rules_of(then)
    for name, oneof in then.oneofs_by_name.items():
        assert rules_of(now.oneofs_by_name[name]) == rules_of(oneof), name
    changed = [field.full_name for field in then.fields if rules_of(now.fields_by_name[field.name]) != rules_of(field)]
    assert [name for name in changed if name not in LOOSER] == []


def test_rules_are_compared_that_are_there() -> None:
    assert sum(bool(rules_of(field)) for message in THEN for field in message.fields) > 50
