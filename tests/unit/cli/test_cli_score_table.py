"""The table of a scored replay with figures as wide as they come."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from host.cli.score_table import tell_scores
from host.recordings.library import Library
from host.recordings.measures.fixes import pairs_of
from host.recordings.measures.model import Channel, DecidedMoment, Judged, by_session
from host.recordings.scoring import report
from tests.unit.recordings.calls import call, item

WIDE = {"share": 0.72, "interval": [0.71, 0.73], "count": 16700, "of": 23185}


def document() -> dict[str, Any]:
    """A report whose next call, routes and noise are set to figures of long recordings."""
    calls = [call(order, failure="shell.unknown_flag" if order % 3 == 0 else "") for order in range(9)]
    moments = [DecidedMoment(Channel.PROMPT, "packet_exact", 1, 1, True, False, True, 1.0)]
    judged = Judged(calls, [item(1)], pairs_of(by_session(calls)), moments)
    made = copy.deepcopy(report(judged, Library([], [], 0, []), "claude-code", {}, history=True))
    made["measures"]["next_call"] = WIDE
    made["measures"]["warned"].update(WIDE)
    made["measures"]["noise"].update(per_100_calls=15.31, delivered=23185)
    for name, applicable in (("found", 11111), ("failed_before", 22222)):
        made["measures"]["routes"][name].update(applicable=applicable, packets_share=0.5)
    return made


@pytest.mark.parametrize(("recorded", "perceived", "best"), [(0.61, 0.58, "0.61"), (0.44, 0.52, "0.52")])
def test_columns_keep_apart_and_markov_stands_by_its_better_words(
    capsys: pytest.CaptureFixture[str], recorded: float, perceived: float, best: str
) -> None:
    made = document()
    made["baselines"]["markov"]["next_call"] = {"recorded": {"share": recorded}, "perceived": {"share": perceived}}

    tell_scores(made)

    lines = capsys.readouterr().out.splitlines()
    (following,) = [line for line in lines if line.startswith("next call in 3")]
    assert following.split()[4:] == ["0.72", "(16700", "of", "23185)", "0.71-0.73", best, "Markov"]
    assert max(map(len, lines)) <= 80


def test_routes_are_shown_first_over_what_the_recording_itself_shows(capsys: pytest.CaptureFixture[str]) -> None:
    tell_scores(document())

    lines = capsys.readouterr().out.splitlines()
    (packets,) = [line for line in lines if "out of packets" in line]
    assert packets.split() == ["out", "of", "packets", "0.50", "of", "22222", "0.50", "of", "11111"]
