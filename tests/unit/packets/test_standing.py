"""What came of a project's pieces: rates of lately, whatever was counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.packets.outcomes import (
    FOLLOWED_FAILED,
    FOLLOWED_WORKED,
    IGNORED_FAILED,
    IGNORED_FINE,
    OPEN,
    REJECTED,
    UNKNOWN,
)
from services.packets.standing import (
    AGED_AT,
    PIECES_AT_MOST,
    USUAL_IDLE,
    Came,
    Standing,
    came,
    dump_standing,
    load_standing,
)
from spark.packets.v1 import standing_pb2
from spark.router.v1 import router_pb2

PROMPT, FAILURE = standing_pb2.OCCASION_PROMPT, standing_pb2.OCCASION_FAILURE
LESSON, FORECAST = router_pb2.SOURCE_LESSON, router_pb2.SOURCE_FORECAST

pieces = st.builds(
    Came,
    st.tuples(
        st.sampled_from(standing_pb2.Occasion.values()[1:]),
        st.sampled_from(router_pb2.Source.values()[1:]),
    ),
    borne_out=st.booleans(),
)
batches = st.lists(st.tuples(st.integers(0, 3000), st.lists(pieces, max_size=9)), max_size=9)


@given(batches)
def test_what_is_counted_is_read_as_it_was_and_stays_within_bounds(batches: list[tuple[int, list[Came]]]) -> None:
    standing = Standing()
    for calls, came_back in batches:
        standing.count(calls, came_back)
        assert standing.calls <= AGED_AT
    assert load_standing(dump_standing(standing)) == standing
    assert standing.idle_per_100_calls() >= 0
    told = [each for occasion in standing_pb2.Occasion.values() for each in standing.on(occasion)]
    assert {(each.occasion, each.source) for each in told} == set(standing.kinds)


def test_idle_pieces_are_a_rate_of_lately_and_forecasts_are_not_among_them() -> None:
    standing = Standing()
    assert standing.idle_per_100_calls() == USUAL_IDLE
    standing.count(1000, [Came((PROMPT, LESSON), borne_out=False)] * 80 + [Came((PROMPT, FORECAST), False)] * 500)
    before = standing.idle_per_100_calls()
    assert USUAL_IDLE < before < 8.0
    standing.count(1500, [])
    assert standing.idle_per_100_calls() < before / 2
    (lesson, forecast) = standing.on(PROMPT)
    # Of how good they are nothing is forgotten with time, and no count grows without end.
    assert (lesson.source, lesson.idle, forecast.source) == (LESSON, 80, FORECAST)
    assert PIECES_AT_MOST / 2 <= forecast.idle <= PIECES_AT_MOST
    assert standing.on(FAILURE) == []


def test_what_is_not_known_is_not_counted() -> None:
    kind = (PROMPT, LESSON)
    assert came(kind, OPEN) is None
    assert came(kind, UNKNOWN) is None
    assert came((standing_pb2.OCCASION_UNSPECIFIED, LESSON), IGNORED_FINE) is None
    assert came(kind, IGNORED_FINE) == Came(kind, borne_out=False)
    for state in (FOLLOWED_WORKED, IGNORED_FAILED):
        assert came(kind, state) == Came(kind, borne_out=True)
    # What did harm was neither right nor idle.
    assert came(kind, FOLLOWED_FAILED) is None
    assert came(kind, REJECTED) is None
