"""Secrets leave a hook payload wherever they stand in it, judged by their context too."""

import copy
import json
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from secret_samples import EVERY, STANDALONE, leaked, password, pem, words

from gateway.redaction import redact_payload

SEEDS = st.integers(0, 2**32).map(Random)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)
SETTINGS = settings(max_examples=200, deadline=None)

COMMON: dict[str, Any] = {
    "session_id": "3fc53187-ac59-4d04-92b6-cb727b1ece1f",
    "transcript_path": "/home/dev/.claude/projects/-home-dev-repo/3fc53187-ac59-4d04-92b6-cb727b1ece1f.jsonl",
    "cwd": "/home/dev/repo",
    "prompt_id": "44aa3072-04f7-4c7d-8f63-8774ea55e6fd",
    "permission_mode": "bypassPermissions",
    "effort": {"level": "high"},
}
PRE_BASH = COMMON | {
    "hook_event_name": "PreToolUse",
    "tool_name": "Bash",
    "tool_input": {"command": "python3 -m pytest -q tests && echo PASSED", "description": "run the tests"},
    "tool_use_id": "toolu_0012d6833313b22",
}
POST_READ = COMMON | {
    "hook_event_name": "PostToolUse",
    "tool_name": "Read",
    "tool_input": {"file_path": "/home/dev/repo/calc.py"},
    "tool_response": {
        "type": "text",
        "file": {"filePath": "/home/dev/repo/calc.py", "content": "a = 1\n", "numLines": 1},
    },
    "tool_use_id": "toolu_0012d6833313b23",
}
BATCH = COMMON | {
    "hook_event_name": "PostToolBatch",
    "tool_calls": [
        {
            "tool_name": "Bash",
            "tool_input": {"command": "make"},
            "tool_use_id": "toolu_1",
            "tool_response": "mode=fast",
        },
        {
            "tool_name": "Read",
            "tool_input": {"file_path": "a.py"},
            "tool_use_id": "toolu_2",
            "tool_response": "     1\tx = 1",
        },
    ],
}
EVENTS: list[dict[str, Any]] = [
    PRE_BASH,
    POST_READ,
    BATCH,
    COMMON | {"hook_event_name": "UserPromptSubmit", "prompt": "Fix the login page."},
    COMMON
    | {
        "hook_event_name": "PostToolUseFailure",
        "tool_name": "Bash",
        "tool_input": {"command": "make"},
        "error": "Exit 2",
    },
    COMMON
    | {"hook_event_name": "Stop", "stop_hook_active": False, "last_assistant_message": "Done.", "background_tasks": []},
]


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["hook_event_name"])
def test_a_payload_without_secrets_stays(event: dict[str, Any]) -> None:
    assert redact_payload(event) == (event, 0)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every string of a payload."""
    if isinstance(value, str):
        return [path]
    if isinstance(value, dict):
        items = list(cast("dict[Any, object]", value).items())
    else:
        items = list(enumerate(cast("list[object]", value))) if isinstance(value, list) else []
    return [found for key, item in items for found in places(item, (*path, key))]


@given(event=st.sampled_from(EVENTS), kind=st.sampled_from(sorted(EVERY)), random=SEEDS, data=st.data())
@SETTINGS
def test_a_secret_in_any_field_of_any_event_is_removed(
    event: dict[str, Any], kind: str, random: Random, data: st.DataObject
) -> None:
    text, secret = EVERY[kind](random)
    payload = copy.deepcopy(event)
    *path, last = data.draw(st.sampled_from(places(payload)))
    owner = payload
    for step in path:
        owner = owner[step]
    owner[last] = f"{owner[last]}\n{text}"
    original = copy.deepcopy(payload)
    cleaned, count = redact_payload(payload)
    assert leaked(secret, dumped(cleaned)) is None
    assert leaked(secret.replace("\n", "\\n"), dumped(cleaned)) is None
    assert count >= 1
    assert payload == original, "the original stays"


@given(kind=st.sampled_from(sorted(STANDALONE)), random=SEEDS, depth=st.integers(0, 200))
@SETTINGS
def test_depth_hides_nothing(kind: str, random: Random, depth: int) -> None:
    text, secret = STANDALONE[kind](random)
    value: object = text
    for level in range(depth):
        value = [value] if level % 2 else {"unknown": value}
    cleaned, count = redact_payload({"unknown_field": value})
    assert leaked(secret, dumped(cleaned)) is None
    assert count == 1


def test_bottomless_nesting_is_accepted() -> None:
    value: object = "x"
    for _ in range(100_000):
        value = [value]
    _, count = redact_payload({"unknown_field": value})
    assert count == 1


@given(kind=st.sampled_from(sorted(STANDALONE)), random=SEEDS)
@SETTINGS
def test_keys_are_cleaned(kind: str, random: Random) -> None:
    text, secret = STANDALONE[kind](random)
    assert leaked(secret, dumped(redact_payload({"tool_input": {text: 1}})[0])) is None


@pytest.mark.parametrize(
    "key", ["password", "API_KEY", "apiKey", "clientSecret", "access_token", "db_password", "passphrase", "credentials"]
)
def test_a_key_gives_its_value_away(key: str) -> None:
    secret = words(Random(5))
    for payload in ({key: secret}, {"tool_input": {key: [secret]}}, {"env": [{"name": key, "value": secret}]}):
        assert leaked(secret, dumped(redact_payload(payload)[0])) is None
    assert leaked(secret, dumped(redact_payload({"argv": ["tool", f"--{key}", secret]})[0])) is None


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "password"},
        {"max_tokens": 160, "tokens": 12, "totalTokens": 123456},
        {"password": None, "token": "", "api_key": "${API_KEY}", "secret": True},
        {"key": "ArrowDown", "token": "IDENT"},
    ],
)
def test_ordinary_values_stay(payload: dict[str, Any]) -> None:
    assert redact_payload(payload) == (payload, 0)


def env_text(random: Random, prefix: str = "") -> tuple[str, list[str]]:
    """A `.env` file with names that say nothing, and its values."""
    plain, quoted, spaced = password(random), words(random), password(random)
    lines = ["# settings", f"FLAVOUR={plain}", f'export GREETING="{quoted}"', "", f"colour = {spaced} # note"]
    return "\n".join(prefix.format(number) + line for number, line in enumerate(lines, 1)), [plain, quoted, spaced]


def call(tool: str, tool_input: dict[str, Any], response: object = None, **more: object) -> dict[str, Any]:
    return COMMON | {"tool_name": tool, "tool_input": tool_input, "tool_response": response, **more}


def env_calls(random: Random) -> list[tuple[str, dict[str, Any], list[str]]]:
    path = {"file_path": "/home/dev/repo/.env.local"}
    text, values = env_text(random)
    numbered = env_text(Random(6), "{:6d}→")
    tabbed = env_text(Random(6), "{:6d}\t")
    old, new = password(random), password(random)
    patch = [{"oldStart": 1, "lines": [" # settings", f"-FLAVOUR={old}", f"+FLAVOUR={new}"]}]
    edit = path | {"old_string": f"FLAVOUR={old}", "new_string": f"FLAVOUR={new}"}
    return [
        ("read", call("Read", path, {"type": "text", "file": path | {"content": text}}), values),
        ("numbered", call("Read", path, numbered[0]), numbered[1]),
        ("tabbed", call("Read", path, tabbed[0]), tabbed[1]),
        ("edit", call("Edit", edit), [old, new]),
        ("patch", call("Edit", edit, {"originalFile": text, "structuredPatch": patch}), [old, new, *values]),
        ("multi", call("MultiEdit", path | {"edits": [edit]}), [old, new]),
        ("write", call("Write", path | {"content": text}), values),
        ("notebook", call("NotebookEdit", {"notebook_path": ".env", "new_source": text}), values),
        ("cat", call("Bash", {"command": "cd app && cat .env"}, {"stdout": text, "stderr": ""}), values),
        ("sed", call("Bash", {"command": f"sed -i 's/^FLAVOUR=.*/FLAVOUR={new}/' '.env.production'"}), [new]),
        ("echo", call("Bash", {"command": f"echo FLAVOUR={new} >> ./.env"}), [new]),
        ("grep", call("Grep", {"pattern": "FLAVOUR", "path": "."}, f"app/.env:2:FLAVOUR={new}"), [new]),
        ("error", call("Bash", {"command": "cat .env"}, error=f"Exit code 1\nFLAVOUR={new}"), [new]),
        ("batch", COMMON | {"tool_calls": [call("Bash", {"command": "ls"}, "a=1"), call("Read", path, text)]}, values),
    ]


@pytest.mark.parametrize("index", range(14))
def test_every_value_of_a_dotenv_file_is_a_secret(index: int) -> None:
    name, payload, values = env_calls(Random(7))[index]
    cleaned, count = redact_payload(payload)
    for value in values:
        assert leaked(value, dumped(cleaned)) is None, name
    assert count >= len(values)


def test_the_rest_of_a_dotenv_call_stays() -> None:
    text, values = env_text(Random(8))
    payload = call(
        "Bash", {"command": "cat .env"}, {"stdout": text}, error="cat: .env.local: No such file or directory"
    )
    cleaned, _ = redact_payload(payload)
    assert cleaned["error"] == payload["error"]
    assert cleaned["tool_input"] == payload["tool_input"]
    assert "# settings\nFLAVOUR=[redacted:dotenv]\n" in dumped(cleaned).replace("\\n", "\n")
    assert values


def test_only_the_dotenv_call_of_a_batch_is_read_as_one() -> None:
    calls = [
        call("Bash", {"command": "go test"}, "flavour=vanilla"),
        call("Read", {"file_path": ".env"}, "flavour=vanilla"),
    ]
    cleaned, count = redact_payload(COMMON | {"tool_calls": calls})
    assert count == 1
    assert "flavour=vanilla" in dumped(cleaned)


def test_code_that_uses_the_environment_is_no_dotenv_file() -> None:
    payload = call("Bash", {"command": "node -e 'console.log(process.env.HOME)' --mode=fast"}, {"stdout": "mode=fast"})
    assert redact_payload(payload) == (payload, 0)


def test_a_configuration_file_assigns_bare_words() -> None:
    secret = words(Random(9)).split()[0]
    text = f"[client]\nuser = me\npassword = {secret}\n"
    assert leaked(secret, dumped(redact_payload(call("Read", {"file_path": "/etc/my.cnf"}, text))[0])) is None


def test_the_middle_of_a_key_file_is_a_secret() -> None:
    _, secret = pem(Random(10))
    assert (
        leaked(secret, dumped(redact_payload(call("Read", {"file_path": "~/.ssh/id_rsa", "offset": 3}, secret))[0]))
        is None
    )


def test_a_key_block_spans_the_lines_of_a_patch() -> None:
    text, secret = pem(Random(11))
    lines = [f"+{line}" for line in text.split("\n")]
    cleaned, count = redact_payload({"structuredPatch": [{"lines": ["+import ssl", *lines, " done()"]}]})
    assert count == 1
    assert all(leaked(line, dumped(cleaned)) is None for line in secret.split("\n"))
    assert dumped(cleaned).count("import ssl") == dumped(cleaned).count("done()") == 1


@given(st.dictionaries(ANY_TEXT, JSON_VALUES, max_size=6))
@SETTINGS
def test_any_payload_is_accepted(payload: dict[str, Any]) -> None:
    cleaned, _ = redact_payload(payload)
    again, _ = redact_payload(cleaned)
    assert again == cleaned
