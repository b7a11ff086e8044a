"""The levels of slo.yaml, and that a mistake in it is told with its place."""

from __future__ import annotations

import pytest
import yaml

from chassis.service_levels import levels, parsed, read_levels
from chassis.strict_document import BadDocument

LEVEL = {"title": "T", "measured": "M", "at_most": 0.1, "unit": "share", "window": "3d", "least": 20}
SHARE = {"share": {"route": ["live"]}, "among": {"metric": "spark_decisions_total"}}


def test_levels_are_those_of_the_seed_and_one_of_our_own() -> None:
    bounds = {name: (level.level, level.at_least, level.unit) for name, level in levels().items()}
    assert bounds.pop("recorded_share") == (0.995, True, "share")
    assert bounds == {
        "hook_p95": (1200, False, "ms"),
        "hook_p99": (1800, False, "ms"),
        "error_rate": (0.005, False, "share"),
        "advised_share": (0.70, True, "share"),
        "useful_share": (0.50, True, "share"),
        "packet_share": (0.70, True, "share"),
        "live_share": (0.10, False, "share"),
        "first_call_packets": (0.60, True, "share"),
        "answered_share": (1.0, True, "share"),
    }


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"colour": "red"}, "slo.yaml.levels.x: unknown colour"),
        ({"at_least": 0.1}, "expected one of at_most, at_least, found 2"),
        ({"at_most": 7}, "slo.yaml.levels.x.at_most: expected a number from 0 to 1, not 7"),
        ({"at_most": True}, "expected a number"),
        ({"unit": "s"}, "'s' is none of share, ms"),
        ({"unit": "ms", "measure": SHARE}, "does not measure ms"),
        ({"window": "3 days"}, "'3 days' is no time like"),
        ({"title": " "}, "slo.yaml.levels.x.title: expected text"),
        ({"measure": {**SHARE, "share": {}}}, "measure.share: expected a condition"),
        ({"measure": {**SHARE, "share": {"route": []}}}, "measure.share.route: expected a text or a list"),
        ({"measure": {**SHARE, "share": {"route": {"nor": "a"}}}}, "unknown nor"),
        ({"measure": {**SHARE, "among": {"metric": 'a"} or vector(1'}}}, "does not fit"),
        ({"measure": {**SHARE, "quantile": 0.5}}, "found 2"),
    ],
)
def test_a_mistake_is_told_with_its_place(change: dict[str, object], told: str) -> None:
    text = yaml.safe_dump({"levels": {"x": {**LEVEL, **change}}})
    with pytest.raises(BadDocument) as caught:
        read_levels(parsed(text))
    assert told in str(caught.value)


@pytest.mark.parametrize("text", ["levels: [", "- a", "alert: {}", "levels: {1: {}}", "levels: 7"])
def test_what_is_no_such_document_is_refused(text: str) -> None:
    with pytest.raises(BadDocument, match=r"^slo\.yaml"):
        read_levels(parsed(text))
