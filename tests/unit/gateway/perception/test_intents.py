"""What a prompt is about: by whole words, where they stand, and never by words inside others."""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.moments import prompt_from
from gateway.perception.intent_families import Family, Plane, plane_of
from gateway.perception.intent_words import APPARATUS, APPROVAL, FILLING, LISTED, TERMS, TROUBLE, known
from gateway.perception.intents import classify
from spark.moment.v1 import moment_pb2 as m

ASKED_FOR = [
    ("The login page accepts an expired session cookie, fix that", Family.AUTH_SECURITY),
    ("Rotate the API key of the mail provider and keep it out of the repository", Family.AUTH_SECURITY),
    ("auth is failing for users of the second tenant", Family.AUTH_SECURITY),
    ("Check this handler for SQL injection", Family.AUTH_SECURITY),
    ("Deploy the billing service to staging", Family.DEPLOYMENT_OPS),
    ("the CI pipeline has been red since the merge", Family.DEPLOYMENT_OPS),
    ("roll back the release of this morning, orders are lost", Family.DEPLOYMENT_OPS),
    ("how do I deploy this with helm?", Family.DEPLOYMENT_OPS),
    ("run the tests again", Family.TESTING_VALIDATION),
    ("Why are the tests failing?", Family.TESTING_VALIDATION),
    ("Please review the changes in this branch", Family.TESTING_VALIDATION),
    ("The total is not rounded correctly when the basket is empty", Family.TESTING_VALIDATION),
    ("I found a bug: the second page shows the first page again", Family.TESTING_VALIDATION),
    ("Add a column for the VAT number and write the migration", Family.SCHEMA_CONTRACTS),
    ("This is a breaking change of the protobuf, keep the old field", Family.SCHEMA_CONTRACTS),
    ("The search is slow with many articles, make it faster", Family.PERFORMANCE_LATENCY),
    ("p95 of the checkout has doubled, find the bottleneck", Family.PERFORMANCE_LATENCY),
    ("the pre-commit hook throws an error on every commit", Family.TOOL_RELIABILITY),
    ("npm run build is failing", Family.TOOL_RELIABILITY),
    ("add a retry with backoff around the upload", Family.TOOL_RELIABILITY),
    ("Can you explain how the parser finds the end of a block?", Family.KNOWLEDGE_ALIGNMENT),
    ("what does the second argument of fold do?", Family.KNOWLEDGE_ALIGNMENT),
    ("Bring the README up to date", Family.KNOWLEDGE_ALIGNMENT),
    ("we only need this on Windows, right?", Family.KNOWLEDGE_ALIGNMENT),
    ("resolve the merge conflicts with main", Family.TEAM_COORDINATION),
    ("Assign the ticket to Maria and write a hand-over", Family.TEAM_COORDINATION),
    ("Write a status update for the stakeholders", Family.STAKEHOLDER_ALIGNMENT),
    ("turn this into an executive summary for the customer", Family.STAKEHOLDER_ALIGNMENT),
    ("Implement the following plan:\n1. move the parser\n2. add a flag", Family.ORCHESTRATION_EXECUTION),
    ("break this down into a task list and spawn agents in parallel", Family.ORCHESTRATION_EXECUTION),
    ("Compare the two queue libraries and recommend one", Family.RESEARCH_DECISION_SUPPORT),
    ("What are the pros and cons of an event store here?", Family.RESEARCH_DECISION_SUPPORT),
]

NOT_ASKED_FOR = [
    *("thanks", "yes, do it", "continue", "commit and push", "ok let's go with option 2", "1", "", "   \n", "😀"),
    "put the latest contestant first and be concise",
    "the secretary of the airport likes airplanes and catches flu",
    "a planet, an author and a capital in one special precinct",
    "let me test the idea first",
    "show the token count under the answer",
    "draw a deployment diagram",
    "build a page with a list of birds",
    "rename the author field to writer",
    "put the user profile picture to the left",
    # Two families are spoken for alike: neither is named.
    "draw schema and deployment",
]

PLAIN_PROMPTS = [prompt for prompt, _ in ASKED_FOR if "\n" not in prompt]


@pytest.mark.parametrize(("prompt", "family"), ASKED_FOR)
def test_a_prompt_is_filed_by_what_it_asks_for(prompt: str, family: Family) -> None:
    found = classify(prompt)
    assert (found.family, found.plane) == (family, plane_of(family))
    assert found.words


@pytest.mark.parametrize("prompt", NOT_ASKED_FOR)
def test_weak_evidence_names_no_family(prompt: str) -> None:
    found = classify(prompt)
    assert (found.family, found.plane, found.confidence) == (Family.EMERGENT_OTHER, Plane.BUILD_DELIVERY, 0.0)


@pytest.mark.parametrize(
    "shown",
    [
        "```\nkubectl rollout status deploy/api\ndeployment failed\n```",
        "> the deployment failed, roll back the release",
        '"deploy the release to production"',
        "`terraform deployment kubernetes`",
        "2026-02-03 10:11:12 ERROR deployment rollback release pipeline",
        "ops/deploy/release/pipeline.yaml",
    ],
)
def test_what_is_shown_weighs_less_than_what_is_said(shown: str) -> None:
    found = classify(f"please add a unit test for this:\n{shown}")
    assert found.family is Family.TESTING_VALIDATION
    assert classify("deploy the release to production, please add a unit test").family is Family.DEPLOYMENT_OPS


def test_what_is_denied_does_not_decide() -> None:
    assert classify("do not touch the login code, only make the list faster").family is Family.PERFORMANCE_LATENCY


def test_the_tool_named_with_a_prompt_is_worth_a_hint() -> None:
    assert classify("find a better one", "").family is Family.EMERGENT_OTHER
    assert classify("find a better one", "WebSearch").family is Family.RESEARCH_DECISION_SUPPORT
    assert classify("thanks", "Task").family is Family.EMERGENT_OTHER


def test_each_phrase_stands_once_in_the_table_and_can_be_met() -> None:
    assert len(TERMS) == len(LISTED)
    assert [term.phrase for stems, term in LISTED if [known(word) for word in term.phrase.split()] != [*stems]] == []
    phrases = {term.phrase for _, term in LISTED}
    assert phrases >= APPARATUS | TROUBLE | APPROVAL


def test_families_and_planes_are_those_of_the_contract() -> None:
    prompt = prompt_from("Compare the two queue libraries and recommend one")
    assert prompt.intent == m.INTENT_FAMILY_RESEARCH_DECISION_SUPPORT
    assert prompt.plane == m.TASK_PLANE_RESEARCH_DECISION
    families = {name.removeprefix("INTENT_FAMILY_").lower() for name in m.IntentFamily.DESCRIPTOR.values_by_name}
    planes = {name.removeprefix("TASK_PLANE_").lower() for name in m.TaskPlane.DESCRIPTOR.values_by_name}
    assert families - {"unspecified"} == set(Family)
    assert planes - {"unspecified"} == {plane_of(family) for family in Family}


SINGLE = sorted({term.phrase for _, term in LISTED if term.size == 1 and term.family and term.phrase.isalpha()})
RARE = st.text("jqxz", min_size=1, max_size=4)


@given(st.sampled_from(SINGLE), RARE, RARE, st.sampled_from(["{b}{w}", "{w}{a}", "{b}{w}{a}", "{b}_{w}", "{w}_{a}"]))
def test_a_word_inside_a_longer_word_never_speaks(word: str, before: str, after: str, shape: str) -> None:
    longer = shape.format(w=word, b=before, a=after)
    found = classify(f"{longer} and {longer} again")
    assert (found.family, found.words) == (Family.EMERGENT_OTHER, ())


@given(st.sampled_from(ASKED_FOR), st.sampled_from([str.upper, str.lower, str.title]), st.text(" \t\n", max_size=20))
def test_case_and_surrounding_space_do_not_matter(
    case: tuple[str, Family], change: Callable[[str], str], space: str
) -> None:
    assert classify(space + change(case[0]) + space) == classify(case[0])


@given(st.sampled_from(PLAIN_PROMPTS), st.data())
def test_filling_words_do_not_change_the_family(prompt: str, data: st.DataObject) -> None:
    filling = st.lists(st.sampled_from(sorted(FILLING)), max_size=2)
    padded = " ".join(piece for word in prompt.split() for piece in (word, *data.draw(filling)))
    assert classify(padded).family is classify(prompt).family


WORDS = st.sampled_from([*(term.phrase for _, term in LISTED), "not", "`", '"', "```", "?", "\n", "x/y", "--all", "🙂"])


@given(st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=60).map(" ".join)), st.text(max_size=10))
def test_any_text_gets_an_answer_that_says_how_sure_it_is(text: str, tool: str) -> None:
    found = classify(text, tool)
    assert 0.0 <= found.confidence < 1.0
    assert (found.confidence == 0.0) is (found.family is Family.EMERGENT_OTHER)
    assert found.plane is plane_of(found.family)
    assert found == classify(text, tool)


@pytest.mark.parametrize("piece", ["a", " ", "\n", "?", "`", '"', "-", "'", "test ", "a{", "12:", "<", "is it? ", "é"])
def test_a_megabyte_costs_no_more_than_its_beginning(piece: str) -> None:
    text = "x" + piece * (1_000_000 // len(piece)) + "x"
    # Of this thread alone: other work is not the text's doing.
    started = thread_time()
    classify(text)
    assert thread_time() - started < 0.25
