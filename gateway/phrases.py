"""The contract's enums in words that a user understands."""

from __future__ import annotations

from collections.abc import Mapping

from spark.memory.v1 import lesson_pb2 as memory
from spark.moment.v1 import moment_pb2 as moment
from spark.packets.v1 import advice_pb2 as advice
from spark.router.v1 import router_pb2 as router

KINDS: Mapping[int, str] = {
    moment.MOMENT_KIND_SESSION_STARTED: "session started",
    moment.MOMENT_KIND_PROMPT_SUBMITTED: "prompt",
    moment.MOMENT_KIND_CALL_PROPOSED: "before the call",
    moment.MOMENT_KIND_CALL_SUCCEEDED: "after the call",
    moment.MOMENT_KIND_CALL_FAILED: "call failed",
    moment.MOMENT_KIND_CALL_REJECTED: "call refused",
    moment.MOMENT_KIND_TURN_ENDED: "turn ended",
    moment.MOMENT_KIND_SUBAGENT_STARTED: "sub-agent started",
    moment.MOMENT_KIND_SUBAGENT_ENDED: "sub-agent ended",
    moment.MOMENT_KIND_SESSION_ENDED: "session ended",
    moment.MOMENT_KIND_STEP_ENDED: "step ended",
}

ROUTES: Mapping[int, str] = {
    router.ROUTE_PACKET_EXACT: "prepared for exactly this",
    router.ROUTE_PACKET_RELAXED: "prepared for something like this",
    router.ROUTE_LIVE: "a model, asked now",
    router.ROUTE_DETERMINISTIC: "nothing prepared",
}

SILENCES: Mapping[int, str] = {
    router.SILENCE_NO_LESSON: "nothing learnt fits",
    router.SILENCE_COOLDOWN: "something was said about this tool a moment ago",
    router.SILENCE_SHOWN_RECENTLY: "this session was shown it a short while ago",
    router.SILENCE_SESSION_BUDGET: "this session has had all the advice that one session may have",
    router.SILENCE_LOW_AUTHORITY: "too unsure to be worth saying",
    router.SILENCE_EMIT_OFF: "SPARK_ADVISORY_EMIT=0: decided, but not to be said",
    router.SILENCE_ENGINE_OFF: "SPARK_ADVISORY_ENGINE=0: nothing is decided",
    router.SILENCE_DEADLINE: "there was no time left to decide",
    router.SILENCE_STORE_UNAVAILABLE: "what was learnt could not be read (`spark status` says what is wrong)",
    router.SILENCE_CLAIMED_ELSEWHERE: "said at the same instant, at another call or at this one through another client",
    router.SILENCE_NOT_APPLICABLE: "nothing can be said at such a moment",
    router.SILENCE_DUPLICATE: "another piece of advice says the same",
    router.SILENCE_NO_ROOM: "better advice took the room",
    router.SILENCE_CONTROL_ARM: "this session is left without advice, for comparison",
    router.SILENCE_TOO_NOISY: "it did harm in this session, or was called too noisy",
    router.SILENCE_NO_LONGER_TRUE: "it is no longer true here",
    router.SILENCE_NOISE_BUDGET: "it is too likely to be noise",
}

SOURCES: Mapping[int, str] = {
    router.SOURCE_LESSON: "a lesson of this project",
    router.SOURCE_OUTCOME: "what worked after failures like this one",
    router.SOURCE_PREFERENCE: "what the user refused",
    router.SOURCE_PROJECT_FACT: "how this project is worked on",
    router.SOURCE_FORECAST: "prepared ahead: what often fails next here",
    router.SOURCE_THREAD: "a message of another agent",
    router.SOURCE_BASELINE: "a general tip, not learnt in this project",
    router.SOURCE_CONVERSATION: "what was said to Spark in a conversation",
}

AUTHORITIES: Mapping[int, str] = {
    router.AUTHORITY_SILENT: "too weak to show",
    router.AUTHORITY_WHISPER: "a hint",
    router.AUTHORITY_NOTE: "worth knowing",
    router.AUTHORITY_WARNING: "a warning",
    router.AUTHORITY_BLOCK: "sure enough to stop the call",
}

LESSONS: Mapping[int, str] = {
    memory.LESSON_KIND_FAILURE_FIX: "failure and fix",
    memory.LESSON_KIND_REPEATED_FAILURE: "repeated failure",
    memory.LESSON_KIND_USER_REJECTION: "refused by the user",
    memory.LESSON_KIND_PROJECT_FACT: "project fact",
}

OUTCOMES: Mapping[int, str] = {
    advice.ADVICE_STATE_OPEN: "the calls that decide are still to come",
    advice.ADVICE_STATE_FOLLOWED_WORKED: "followed, and it worked",
    advice.ADVICE_STATE_FOLLOWED_FAILED: "followed, and it failed all the same",
    advice.ADVICE_STATE_IGNORED_FAILED: "not followed, and what it names came to pass",
    advice.ADVICE_STATE_IGNORED_FINE: "not followed, and nothing happened",
    advice.ADVICE_STATE_REJECTED: "the user refused the call",
    advice.ADVICE_STATE_UNKNOWN: "nobody can tell what became of it",
}

VERDICTS: Mapping[int, str] = {
    advice.VERDICT_HELPFUL: "helpful",
    advice.VERDICT_NOT_HELPFUL: "not-helpful",
    advice.VERDICT_TOO_NOISY: "too-noisy",
}

STAGES: Mapping[int, str] = {
    advice.STAGE_CANDIDATE: "candidate",
    advice.STAGE_ESTABLISHED: "established",
    advice.STAGE_PROVEN: "proven",
    advice.STAGE_WARNING: "said as a warning of what it advised",
    advice.STAGE_RETIRED: "retired",
}


def words_for(words: Mapping[int, str], value: int) -> str:
    """The words for a value; a system newer than these tables may send one that is not there."""
    return words.get(value) or f"not known to this version ({value})"
