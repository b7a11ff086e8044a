"""Figures, ids and decisions in the words of a page."""

from __future__ import annotations

import pytest

from gateway.body import Refused
from gateway.dashboard import formats
from gateway.dashboard.asked import address, name_of, number_of, one_of
from gateway.dashboard.decision_rows import gist_of, state_of
from gateway.dashboard.levels import by_hook
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1 import windows_pb2

NARROW = "\u202f"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0 %"), (0.004, "0.4 %"), (0.5, "50 %"), (0.9951, "99.51 %"), (0.99999, "99.99 %"), (1, "100 %"), (None, "–")],
)
def test_a_share_is_told_in_percent(value: float | None, shown: str) -> None:
    assert formats.percent(value).replace(NARROW, " ") == shown


@pytest.mark.parametrize(
    ("microseconds", "shown"),
    [(0, "0.0 ms"), (950, "0.9 ms"), (12_345, "12.3 ms"), (250_000, "250 ms"), (1_800_000, "1.8 s"), (61e6, "61 s")],
)
def test_a_time_is_told_in_the_unit_that_one_thinks_in(microseconds: float, shown: str) -> None:
    assert formats.milliseconds(microseconds).replace(NARROW, " ") == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (7.5, "7.5"), (1234, "1 234"), (25_000, "25 k"), (2_500_000, "2.5 M")]
)
def test_an_axis_has_short_numbers(value: float, shown: str) -> None:
    assert formats.compact(value).replace(NARROW, " ") == shown


def test_a_project_goes_by_its_folder_else_by_its_id() -> None:
    roots = {"00000000000000aa": "/srv/orchard/"}
    assert formats.project_name(roots, "00000000000000aa") == "orchard"
    assert formats.project_name(roots, "00000000000000bb") == "00000000…"


def test_values_of_the_contract_are_asked_for_by_their_bare_names() -> None:
    silence = router_pb2.Silence.DESCRIPTOR
    assert name_of(silence, router_pb2.SILENCE_NO_LESSON) == "no_lesson"
    assert number_of(silence, "no_lesson") == router_pb2.SILENCE_NO_LESSON
    assert [number_of(silence, word) for word in ("", "unspecified", "nonsense")] == [0, 0, 0]
    assert name_of(silence, 999) == ""


def test_an_address_escapes_what_it_holds() -> None:
    assert address("/advice", {"session": "a&b=c#d", "page": ""}, "x") == "/advice?session=a%26b%3Dc%23d#x"


def test_a_word_that_stands_for_nothing_is_refused() -> None:
    with pytest.raises(Refused, match="verdict must be one of yes, no"):
        one_of({"yes": 1, "no": 2}, {"verdict": "perhaps"}, "verdict")


def test_routes_stand_below_their_hook_also_where_two_hooks_are_as_frequent() -> None:
    prompt, proposed = moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED, moment_pb2.MOMENT_KIND_CALL_PROPOSED
    routes = (router_pb2.ROUTE_UNSPECIFIED, router_pb2.ROUTE_LIVE)
    given = [windows_pb2.Latency(kind=kind, route=route, count=1) for route in routes for kind in (prompt, proposed)]
    assert [(each.kind, each.route) for each in by_hook(given)] == [
        (kind, route) for kind in sorted((prompt, proposed)) for route in routes
    ]


def test_a_decision_is_told_by_what_the_agent_saw_of_it() -> None:
    piece, silence = router_pb2.Advice(text="do this"), router_pb2.SILENCE_CONTROL_ARM
    said = router_pb2.Decision(said=[piece, router_pb2.Advice(text="then that")])
    withheld = router_pb2.Decision(said=[piece], silence=silence)
    held = router_pb2.Decision(held=[piece], silence=router_pb2.SILENCE_COOLDOWN)
    silent = router_pb2.Decision(silence=router_pb2.SILENCE_NO_LESSON)
    assert [state_of(each) for each in (said, withheld, held, silent)] == ["said", "withheld", "held", "silent"]
    assert gist_of(said) == "do this · then that"
    assert "do this" not in gist_of(withheld)
    assert gist_of(silent) == "nothing learnt fits"
