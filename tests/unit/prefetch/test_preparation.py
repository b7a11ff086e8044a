"""What is ready for the next moment of a session."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from protovalidate import Validator

from services.prefetch.failure_forecast import forecast
from services.prefetch.learning import learn
from services.prefetch.model import REACH, Call, Event, Outcome
from services.prefetch.preparation import BRANCHES, CHANCES, WORTH_A_LOOK, packet_of_remedy, prepare, tells_more
from services.prefetch.remedies import Remedy
from services.prefetch.wording import CLASSES_NAMED, of_forecast, spoken
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import packets_pb2
from tests.unit.prefetch.told import (
    FAILED,
    START,
    SUCCEEDED,
    Session,
    came_back,
    file,
    outcomes,
    shell,
    stories,
)

VALIDATOR = Validator()


def prepared(session: Session, coming: list[str], threshold: float) -> packets_pb2.Preparation:
    return prepare(session.place, session.track, session.project, coming, threshold, START)


def valid(preparation: packets_pb2.Preparation) -> bool:
    envelope = moment_pb2.Envelope(
        event_id="0" * 32, workspace_id="local", project_id="a" * 16, session_id="one", client="spark", schema_version=1
    )
    envelope.origin = moment_pb2.ORIGIN_LIVE
    for stamp in (envelope.occurred_at, envelope.observed_at):
        stamp.FromDatetime(START)
    VALIDATOR.validate(packets_pb2.PrepareRequest(envelope=envelope, preparation=preparation))
    return True


@settings(max_examples=40)
@given(
    stories(),
    st.lists(st.sampled_from(["Bash|make test", "Edit|py", "Read|py", "mcp__x|"]), max_size=8),
    st.floats(0, 1),
)
def test_each_way_the_session_may_go_has_what_is_likely_then(
    story: list[tuple[Call, Outcome]], coming: list[str], threshold: float
) -> None:
    session = Session().goes(story)
    made, project = prepared(session, coming, threshold), session.project
    assert valid(made)
    assert [f"{each.tool}|{each.target_class}" for each in made.branches[:-2]] == coming[:BRANCHES]
    assert [each.prompt for each in made.branches[-2:]] == [True, False]
    for name, branch in zip([*coming[:BRANCHES], None, None], made.branches, strict=True):
        found = forecast(session.track, project.groups, project.tallies, project.calls, coming=name)
        worth = [item for item in found if item[1] >= WORTH_A_LOOK and tells_more(session.track, item[0], project)]
        said = sum(share >= threshold for _, share in worth)
        # The likeliest one below the threshold stands last, to be held back.
        likely = worth[: min(said + 1, CHANCES)]
        named = [made.packets[each.packet].names[0] for each in branch.chances]
        assert [f"{each.tool}|{each.target_class}" for each in named] == [group for group, _ in likely]
        assert [each.probability for each in branch.chances] == [share for _, share in likely]
    assert len({packet.packet_id for packet in made.packets}) == len(made.packets)


@st.composite
def longest(draw: st.DrawFn) -> tuple[Event, Call]:
    """Calls and failures as long as the contract lets them be."""
    long = st.text(min_size=190, max_size=200)
    tool = draw(st.sampled_from(["Bash", "Edit"]) | long.map(lambda text: text.replace("|", "/")))
    words = draw(long)
    call = Call("", tool, words * 5, draw(long), words * 20, words * 5, words * 10)
    event = came_back(call, draw(st.integers(1, 999)), draw(outcomes()))
    return replace(event, signature=words * 2, failure_class="shell.command_not_found") if event.failed else event, call


@settings(max_examples=20)
@given(st.lists(longest(), min_size=1, max_size=4))
def test_what_is_as_long_as_it_may_be_is_prepared_too(story: list[tuple[Event, Call]]) -> None:
    session = Session()
    for event, call in story:
        session.number = event.sequence
        session.calls(call, event.outcome or SUCCEEDED)
    coming = [call.group for _, call in story]
    made = prepared(session, coming, 0.0)
    assert valid(made)
    for packet in made.packets:
        assert "\n" not in packet.text
        assert len(packet.text) <= 560


def test_a_forecast_tells_what_the_project_saw_and_where() -> None:
    test, works = shell("make test --x"), shell("make test --y")
    session = Session().goes([(test, FAILED), (works, SUCCEEDED), (test, FAILED)])
    for _ in range(REACH):
        assert not prepared(session, [], 0.0).packets, "a remedy was told at the failure"
        session.calls(shell("ls"))
    packet = prepared(session, [], 0.0).packets[0]
    assert packet.text == (
        '`make test` failed 2 of 3 times here, 2 of them in this session (bad flag, last "unknown flag: --x3").'
        " What worked after that in this session: `make test --y`."
    )
    assert packet.suggests[0].target == "make test --y"
    assert list(packet.suggests[0].words) == ["--y"]
    assert packet.lesson.provenance.HasField("last_seen")
    # Of a session that begins nothing has happened "in this session".
    history = session.project.groups["Bash|make test"]
    assert "in this session" not in of_forecast("Bash|make test", history)
    later = prepared(session.anew("two").goes([(works, SUCCEEDED)]), [], 0.0).packets[0]
    assert "in this session" not in later.text
    assert not later.lesson.provenance.HasField("last_seen")
    assert later.packet_id == packet.packet_id


def test_of_files_the_kind_is_told() -> None:
    edit = file("Edit", "src/a.py")
    session = Session().goes([(edit, FAILED)])
    # What the session has seen itself, and nobody mended, is not told to it.
    assert not prepared(session, [], 0.0).packets
    told = prepared(session.anew("two").goes([(edit, FAILED)]), [], 0.0).packets[0].text
    assert told.startswith("`Edit` of `py` files failed 2 of 2 times here, 1 of them in this session")


def test_a_remedy_is_a_valid_packet() -> None:
    found = Remedy("`make test` failed.", "make test --y" * 100, tuple(f"{number:0>200}" for number in range(80)))
    packet = packet_of_remedy("a" * 16, "Bash|" + "x" * 200, ["shell.bad_flag", "test.failed"], found, START)
    VALIDATOR.validate(packet)
    assert [name.failure_class for name in packet.names] == ["shell.bad_flag", "test.failed"]


def test_what_is_not_said_is_not_suggested() -> None:
    long = f"make test {' '.join(f'--word{number}' for number in range(60))}"
    session = Session().goes([(shell("make test --x"), FAILED), (shell(long), SUCCEEDED)])
    (packet,) = prepared(session.anew("two"), [], 0.0).packets
    (suggested,) = packet.suggests
    assert suggested.target == ""
    assert suggested.words
    assert all(word in packet.text for word in suggested.words)
    edit = file("Edit", "src/a.py")
    edited = Session().goes([(edit, FAILED), (replace(edit, replacement="return total of items"), SUCCEEDED)])
    (packet,) = prepared(edited.anew("two"), [], 0.0).packets
    assert "return" not in packet.text
    assert not packet.suggests


def test_only_the_ways_of_failing_that_are_said_are_named() -> None:
    session = Session()
    for name in ("bad_flag", "no_such_path", "wrong_directory", "missing_env", "missing_tool", "exit_code"):
        call = shell("make test")
        event = replace(came_back(call, session.number + 1, FAILED), failure_class=f"shell.{name}")
        session.number += 1
        learn(session.track, event, session.project, session.shared)
    (packet,) = prepared(session.anew("two"), [], 0.0).packets
    assert len(packet.names) == CLASSES_NAMED
    assert all(spoken(name.failure_class) in packet.text for name in packet.names)
