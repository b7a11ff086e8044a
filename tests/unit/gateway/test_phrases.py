from __future__ import annotations

from collections.abc import Mapping

import pytest
from google.protobuf.descriptor import EnumDescriptor

from gateway.phrases import (
    AUTHORITIES,
    KINDS,
    LESSONS,
    OUTCOMES,
    ROUTES,
    SILENCES,
    SOURCES,
    STAGES,
    VERDICTS,
    words_for,
)
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import advice_pb2
from spark.router.v1 import router_pb2


@pytest.mark.parametrize(
    ("words", "enum"),
    [
        (KINDS, moment_pb2.MomentKind.DESCRIPTOR),
        (ROUTES, router_pb2.Route.DESCRIPTOR),
        (SILENCES, router_pb2.Silence.DESCRIPTOR),
        (AUTHORITIES, router_pb2.Authority.DESCRIPTOR),
        (SOURCES, router_pb2.Source.DESCRIPTOR),
        (LESSONS, lesson_pb2.LessonKind.DESCRIPTOR),
        (OUTCOMES, advice_pb2.AdviceState.DESCRIPTOR),
        (VERDICTS, advice_pb2.Verdict.DESCRIPTOR),
        (STAGES, advice_pb2.Stage.DESCRIPTOR),
    ],
)
def test_every_value_of_the_contract_has_words_of_its_own(words: Mapping[int, str], enum: EnumDescriptor) -> None:
    assert set(words) == {value.number for value in enum.values} - {0}
    assert len(set(words.values())) == len(words)


def test_a_value_of_a_newer_contract_is_told_as_such() -> None:
    assert words_for(SILENCES, 999) == "not known to this version (999)"
