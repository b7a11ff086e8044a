from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from services.inference.conversation import reply_id
from spark.inference.v1 import inference_pb2

PATTERN = inference_pb2.RateRequest.DESCRIPTOR.fields_by_name["answer_id"]
ID = r"[0-9A-HJKMNP-TV-Z]{26}"
"""What the contract takes for one; one in three of these is beyond 128 bits."""


def test_the_contract_takes_this_for_an_id() -> None:
    assert f"^{ID}$" in str(PATTERN.GetOptions())


@given(st.from_regex(ID, fullmatch=True))
def test_each_entry_has_a_reply_of_one_id_and_of_its_time(entry_id: str) -> None:
    found = reply_id(entry_id)
    assert re.fullmatch(ID, found)
    assert found == reply_id(entry_id) != entry_id
    assert found[:10] == entry_id[:10]


@given(st.from_regex(ID, fullmatch=True), st.from_regex(ID, fullmatch=True))
def test_no_two_entries_have_the_same_reply(one: str, other: str) -> None:
    assert (reply_id(one) == reply_id(other)) == (one == other)
