"""Under which keys lessons and moments meet, and under which they must not."""

from __future__ import annotations

from services.packets.keys import EXACT, PURPOSE, WORD, keys_for, keys_of
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2

FAILED, PROPOSED = moment_pb2.MOMENT_KIND_CALL_FAILED, moment_pb2.MOMENT_KIND_CALL_PROPOSED


def lesson(tool: str = "Bash", target: str = "pytest -q", **fields: object) -> lesson_pb2.Lesson:
    made = lesson_pb2.Lesson(tool=tool, target=target, kind=lesson_pb2.LESSON_KIND_FAILURE_FIX)
    made.MergeFrom(lesson_pb2.Lesson(**fields))  # type: ignore[arg-type]
    return made


def moment(
    kind: moment_pb2.MomentKind.ValueType, tool: str = "Bash", target: str = "pytest -q", digest: str = ""
) -> moment_pb2.Moment:
    call = moment_pb2.ToolCall(tool=tool, target=target, input_digest=digest)
    return moment_pb2.Moment(kind=kind, call=call)


def weight(filed: lesson_pb2.Lesson, asked: moment_pb2.Moment) -> float:
    """The weight that a lookup finds a lesson with."""
    weights = {item.key: item.weight for item in keys_of(filed)}
    return sum(weights.get(item.key, 0.0) for item in keys_for(asked))


def prompt(*tokens: str) -> moment_pb2.Moment:
    asked = moment_pb2.Moment(kind=moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED)
    asked.prompt.tokens.extend(tokens)
    return asked


def test_words_of_an_earlier_prompt_say_nothing_without_a_word_of_the_call() -> None:
    words = [f"word{number}" for number in range(16)]
    filed = lesson(tokens=["pytest", "run"], prompt_tokens=words)
    assert weight(filed, prompt(*words, "run")) < WORD
    assert weight(filed, prompt("pytest", "word1")) > WORD


def test_a_word_of_both_counts_as_one_of_the_call() -> None:
    assert weight(lesson(tokens=["pytest"], prompt_tokens=["pytest"]), prompt("pytest")) == WORD


def test_calls_that_only_their_tool_names_meet_by_what_they_were_given() -> None:
    for tool, target in (("mcp__db__query", "mcp__db__query"), ("TodoWrite", "")):
        filed = lesson(tool, target, failure_class="tool.invalid_input", input_digest="aa", antecedents=["Read x"])
        for kind in (FAILED, PROPOSED):
            same, other = moment(kind, tool, target, "aa"), moment(kind, tool, target, "bb")
            same.outcome.failure_class = other.outcome.failure_class = "tool.invalid_input"
            assert weight(filed, same) >= EXACT
            assert weight(filed, other) == 0.0
        assert keys_for(moment(moment_pb2.MOMENT_KIND_CALL_SUCCEEDED, tool, target, "aa")) == []


def test_another_failing_test_is_another_failure() -> None:
    filed = lesson(failure_class="test.failed", signature="test_a")
    asked = moment(FAILED)
    asked.outcome.failure_class, asked.outcome.signature = "test.failed", "test_a"
    assert weight(filed, asked) == EXACT
    asked.outcome.signature = "test_b"
    assert weight(filed, asked) == 0.0


def test_a_refusal_of_a_call_that_only_its_tool_names_is_not_said_before_each() -> None:
    filed = lesson("mcp__db__query", "mcp__db__query", input_digest="aa", tokens=["db", "query"])
    filed.kind = lesson_pb2.LESSON_KIND_USER_REJECTION
    filed.provenance.occurrences = 2
    assert weight(filed, moment(PROPOSED, "mcp__db__query", "mcp__db__query", "bb")) == 0.0
    assert weight(filed, prompt("query", "db")) == 2 * WORD


def test_a_refusal_is_told_after_a_command_like_the_one_before_it() -> None:
    filed = lesson(target="git push", target_class="git push", antecedents=["Bash git commit"])
    filed.kind = lesson_pb2.LESSON_KIND_USER_REJECTION
    after = moment(moment_pb2.MOMENT_KIND_CALL_SUCCEEDED, target="git commit -m 'Another'")
    after.call.target_class = "git commit"
    assert weight(filed, after) > 0
    after.call.target_class = "git status"
    assert weight(filed, after) == 0


def test_what_a_prompt_asks_for_ranks_as_a_command_that_serves_it() -> None:
    filed = lesson(target="make lint", purpose=moment_pb2.PURPOSE_LINT, tokens=["make", "lint"])
    filed.kind = lesson_pb2.LESSON_KIND_PROJECT_FACT
    asked = prompt("lint", "everyth")
    assert weight(filed, asked) == WORD
    asked.prompt.asks_for.append(moment_pb2.PURPOSE_LINT)
    assert weight(filed, asked) == WORD + PURPOSE
    asked.prompt.asks_for[0] = moment_pb2.PURPOSE_TEST
    assert weight(filed, asked) == WORD


def test_a_lesson_about_a_flag_is_for_calls_that_have_it() -> None:
    fields = {"target_class": "gh pr diff", "program": "gh", "failure_class": "shell.bad_flag", "signature": "--stat"}
    filed = lesson(target="gh pr diff 104 --stat", **fields)

    def asked(target: str) -> moment_pb2.Moment:
        call = moment_pb2.ToolCall(tool="Bash", target=target, target_class="gh pr diff", program="gh")
        return moment_pb2.Moment(kind=PROPOSED, call=call)

    assert weight(filed, asked("gh pr diff 88 --stat")) > 0
    assert weight(filed, asked("gh pr diff 88 --name-only")) == 0
    assert weight(filed, asked("gh pr diff 88 --statistics")) == 0


def test_what_has_no_fix_is_said_at_the_failure_and_before_the_very_call_only() -> None:
    filed = lesson(failure_class="shell.auth", tokens=["pytest"], antecedents=["Bash ls"])
    filed.kind = lesson_pb2.LESSON_KIND_REPEATED_FAILURE
    assert weight(filed, prompt("pytest")) == 0
    assert weight(filed, moment(moment_pb2.MOMENT_KIND_CALL_SUCCEEDED, target="ls")) == 0
    assert weight(filed, moment(PROPOSED)) == EXACT
    code = lesson(failure_class="test.failed")
    code.kind = lesson_pb2.LESSON_KIND_REPEATED_FAILURE
    assert weight(code, moment(PROPOSED)) == 0
