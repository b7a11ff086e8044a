from __future__ import annotations

from services.telemetry.figures import Cell, decided_in


def test_a_decision_without_a_kind_or_a_route_is_counted_once() -> None:
    decided = decided_in([Cell(0, 0, 0, True, True, 5, 1), Cell(3, 0, 0, True, True, 9, 1)])
    assert decided.latencies[0].count == decided.decisions == 2
    assert {(each.kind, each.route): each.count for each in decided.latencies} == {(0, 0): 2, (3, 0): 1}
