"""Hooks of the most bytes that are taken, in the shapes that cost most: none keeps the others waiting."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pytest

from gateway.body import LIMIT_BYTES, object_in
from gateway.clients.claude_code import adapter
from gateway.redaction import FIELD_LIMIT_BYTES, cut_payload
from gateway.redaction.bounded import NESTED_FIELDS, NESTED_VALUES
from gateway.sightings import Sighted

SECONDS = 0.4
"""Of the processor. 0.15 s on an idle machine with two cores; what was unbounded took 1 to 10 s."""

CALL = {"hook_event_name": "PreToolUse", "session_id": "s", "cwd": "/srv", "tool_name": "T", "tool_use_id": "t"}
SECRETS = "export API_TOKEN=sk-abcdefghijklmnop12345 \n" * 400
TURNED_DOWN = {
    "tool_name": "Bash",
    "tool_input": {"command": "ls"},
    "tool_response": "<tool_use_error>no</tool_use_error>",
}


def call(tool_input: object) -> bytes:
    return orjson.dumps({**CALL, "tool_input": tool_input})


def step(calls: Sequence[object]) -> bytes:
    return orjson.dumps({**CALL, "hook_event_name": "PostToolBatch", "tool_calls": calls})


SHAPES: dict[str, Callable[[], bytes]] = {
    "numbers": lambda: call({"a": [1] * 4_000_000}),
    "words": lambda: call({"a": ["ab"] * 1_500_000}),
    "flags": lambda: call({"a": ["--x"] * 1_300_000}),
    "names": lambda: call({f"key{number}": 1 for number in range(500_000)}),
    "secret names": lambda: call({f"API_TOKEN{number}": "abcdefgh1234" for number in range(240_000)}),
    "long names": lambda: call({f"{number:06}" + "password=hunter22 " * 10: 1 for number in range(40_000)}),
    "fields of secrets": lambda: call({"a": [SECRETS[:16_000]] * 500}),
    "long fields of secrets": lambda: call({"a": [(2 * SECRETS)[:20_000]] * 400}),
    "edits": lambda: call({"edits": [{"old_string": "A=1\n" * 400, "new_string": "B=2\n" * 400}] * 2000}),
    "calls turned down": lambda: step([TURNED_DOWN] * 70_000),
    "NULs": lambda: call({"command": "\0" * 1_300_000}),
    "backslashes": lambda: call({"command": "\\" * 4_000_000 + "\0"}),
}


def read(body: bytes) -> Sighted:
    return adapter.read(object_in(body))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_largest_hooks_are_read_in_time(shape: str) -> None:
    body = SHAPES[shape]()
    assert 0.7 * LIMIT_BYTES < len(body) < 1.25 * LIMIT_BYTES
    # What the tests before this one have left is not to be counted, nor what other threads do.
    gc.collect()
    gc.disable()
    try:
        began = time.thread_time()
        sighted = read(body)
        took = time.thread_time() - began
    finally:
        gc.enable()
    assert 1 <= len(sighted.sightings) <= 64
    assert took < SECONDS, f"{took * 1000:.0f} ms"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("depth", [100, 600, 1000])
def test_deep_nesting_is_no_trouble(opening: bytes, depth: int) -> None:
    closing = b"]" if opening == b"[" else b"}"
    assert read(call(0).replace(b"0", opening * depth + b'"deepest"' + closing * depth)).sightings


@pytest.mark.parametrize("item", ["[],", "{},", '{"k":[1]},'])
def test_more_brackets_than_any_hook_has_are_refused(item: str) -> None:
    many = item * 600_000
    with pytest.raises(ValueError, match="brackets"):
        object_in(f'{{"a": [{many}0]}}'.encode())
    assert object_in(f'{{"a": [{item * 1000}0]}}'.encode())["a"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (rb"a\u0000b", "ab"),
        (rb"a\\u0000b", "a\\u0000b"),
        (rb"a\\\u0000b", "a\\b"),
        (rb"\u0000\u0000", ""),
        (rb"\\\\\u0000\"\u0000\\", '\\\\"\\'),
        (rb"\u00000000", "0000"),
    ],
)
def test_a_nul_is_left_out_and_nothing_else(written: bytes, meant: str) -> None:
    assert object_in(b'{"a": "' + written + b'"}') == {"a": meant}


def test_a_raw_nul_stays_no_json() -> None:
    for text in (b'{"a": "\0\\u0000"}', b'{"a": "\0n\\u0000"}', b'\0{"a": "\\u0000"}'):
        with pytest.raises(ValueError, match="not JSON"):
            object_in(text)


def test_what_is_left_out_is_said_and_what_comes_first_is_kept() -> None:
    payload = {"prompt": "p" * 100, "tool_input": {"many": list(range(10_000)), "last": 1}, "error": "e" * 100}
    cut = cut_payload(payload)
    assert cut["prompt"] == payload["prompt"]
    assert cut["error"] == payload["error"]
    given: Any = cut["tool_input"]
    many = given["many"]
    assert many[:1000] == list(range(1000))
    assert len(many) <= NESTED_VALUES
    assert many[-1] == f"…[{10_000 - (len(many) - 1)} more cut]…"
    assert list(given)[1:] == ["…[1 more cut]…"]


def test_text_is_kept_in_full_fields_and_then_not_at_all() -> None:
    line = "a line of words\n"
    texts = [line * (FIELD_LIMIT_BYTES // len(line))] * (NESTED_FIELDS + 2)
    given: Any = cut_payload({"tool_input": {"texts": texts}})["tool_input"]
    *whole, last, left_out = given["texts"]
    # The last one shares its room with the names.
    assert whole == texts[: NESTED_FIELDS - 1]
    assert last.startswith(line)
    assert left_out == "…[2 more cut]…"


def test_an_ordinary_payload_is_left_as_it_is() -> None:
    edits = [{"old_string": f"line {number}\n" * 20, "new_string": "", "all": True} for number in range(100)]
    payload = {"tool_input": {"file_path": "/srv/a.py", "edits": edits, "k" * 200: None}, "prompt": "go on"}
    assert cut_payload(payload) == payload
