"""Only what is asked stands in a statement, under numbers that fit its values."""

from __future__ import annotations

from chassis.conditions import asked


def test_only_what_is_asked_is_a_condition() -> None:
    conditions = [("session_id = {}", ""), ("project_id = {}", "p"), ("id = any({})", ["a", "b"])]
    assert asked(conditions, "w", 3) == (" and project_id = $3 and id = any($4)", ["w", 3, "p", ["a", "b"]])
    assert asked([("id = any({})", [])], "w") == ("", ["w"])
