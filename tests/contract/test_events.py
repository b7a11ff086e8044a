"""Every event of the contract has a stream that keeps it."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message

from chassis.bus import STREAMS
from chassis.events import event_type
from spark.event.v1 import options_pb2
from spark.telemetry.v1 import windows_pb2
from tests.contract.contract_files import MESSAGES, full_name

EVENTS = [kind for kind in MESSAGES if kind.DESCRIPTOR.GetOptions().HasExtension(options_pb2.event)]
BY_NAME = {stream.name: stream for stream in STREAMS}


def takes(pattern: str, subject: str) -> bool:
    """Whether a NATS subject falls under a pattern: `*` is one token, `>` at the end one or more."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        return len(given) >= len(wanted) and takes(".".join(wanted[:-1]), ".".join(given[: len(wanted) - 1]))
    return len(wanted) == len(given) and all(one in ("*", other) for one, other in zip(wanted, given, strict=True))


def test_the_contract_has_events() -> None:
    assert {full_name(kind) for kind in EVENTS} >= {
        "spark.moment.v1.MomentObserved",
        "spark.memory.v1.LessonChanged",
        "spark.router.v1.AdviceDecided",
        "spark.prefetch.v1.PrefetchRequested",
        "spark.packets.v1.AdviceJudged",
        "spark.inference.v1.GenerationEnded",
        "spark.fault.v1.FaultSeen",
    }


@pytest.mark.parametrize("kind", EVENTS, ids=full_name)
def test_an_event_travels_on_a_stream_that_takes_it(kind: type[Message]) -> None:
    event = event_type(kind)
    pattern = BY_NAME[event.stream].subject
    assert takes(pattern, event.subject)
    assert takes(pattern, event.subject_for("local", "project with spaces", "session.with.dots", "*"))


@pytest.mark.parametrize("kind", EVENTS, ids=full_name)
def test_a_subject_belongs_to_one_event_of_its_own_package(kind: type[Message]) -> None:
    event = event_type(kind)
    assert event.subject.startswith(f"{kind.DESCRIPTOR.file.package}.")
    assert [other for other in EVENTS if event_type(other).subject.startswith(event.subject)] == [kind]


def test_no_two_streams_take_the_same_subject() -> None:
    for stream in STREAMS:
        inside = stream.subject.replace(">", "something")
        assert [other.name for other in STREAMS if takes(other.subject, inside)] == [stream.name]


def test_a_message_that_is_no_event_has_no_subject() -> None:
    with pytest.raises(TypeError, match=r"spark\.telemetry\.v1\.Count is no event"):
        event_type(windows_pb2.Count)
