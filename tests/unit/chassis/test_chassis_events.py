"""Subjects that NATS takes whatever is in them, and headers that any CloudEvents reader understands."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from chassis.events import event_type, headers, subject_token
from spark.moment.v1 import moment_pb2

OBSERVED = event_type(moment_pb2.MomentObserved)
anything = st.text(st.characters())


@given(anything)
def test_any_text_becomes_one_token(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", subject_token(text))


@given(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_a_plain_text_stays_readable(text: str) -> None:
    assert subject_token(text) == text


@given(anything, anything)
def test_texts_that_differ_become_tokens_that_differ(left: str, right: str) -> None:
    assert (subject_token(left) == subject_token(right)) == (left == right)


@given(st.lists(anything, max_size=4))
def test_a_subject_has_as_many_tokens_as_were_given(tokens: list[str]) -> None:
    subject = OBSERVED.subject_for(*tokens)
    assert subject.split(".")[:4] == ["spark", "moment", "v1", "observed"]
    assert len(subject.split(".")) == 4 + len(tokens)


def test_headers_are_cloud_events_and_name_the_id_that_jetstream_knows_duplicates_by() -> None:
    at = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
    assert headers(OBSERVED, "ab" * 16, at, "00-a-b-01") == {
        "Nats-Msg-Id": "ab" * 16,
        "ce-specversion": "1.0",
        "ce-id": "ab" * 16,
        "ce-type": "spark.moment.v1.MomentObserved",
        "ce-source": "/spark",
        "ce-time": "2026-11-20T12:00:00.123456+00:00",
        "content-type": "application/protobuf",
        "traceparent": "00-a-b-01",
    }
