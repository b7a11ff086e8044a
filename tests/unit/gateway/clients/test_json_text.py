"""Edits of settings as text: they say what was wanted, and what was put in comes out without a trace."""

from __future__ import annotations

import copy
import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.json_text import edited, parse

_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=6,
)
_gaps = st.sampled_from(
    ["", "", " ", "\n", "\r\n", "\n    ", "\t", '// a, ] } " comment\n', "/* [ , \n */", " // x\r\n "]
)


@st.composite
def written(draw: st.DrawFn, value: Any) -> str:
    """A value as JSON, with spaces and comments wherever they may be."""

    def write(part: Any) -> str:
        if isinstance(part, dict):
            named = cast("dict[str, Any]", part).items()
            members = [f"{gap()}{json.dumps(key)}{gap()}:{write(member)}" for key, member in named]
            return f"{gap()}{{{','.join(members)}{gap()}}}{gap()}"
        if isinstance(part, list):
            items = [write(item) for item in cast("list[Any]", part)]
            return f"{gap()}[{','.join(items)}{gap()}]{gap()}"
        return f"{gap()}{json.dumps(part, ensure_ascii=draw(st.booleans()))}{gap()}"

    def gap() -> str:
        return draw(_gaps)

    return write(value)


def containers(value: Any) -> list[Any]:
    """All lists and objects in a value."""
    if not isinstance(value, dict | list):
        return []
    inner: list[Any] = (
        [*cast("dict[str, Any]", value).values()] if isinstance(value, dict) else cast("list[Any]", value)
    )
    return [value, *(found for each in inner for found in containers(each))]


@given(data=st.data(), value=_json)
def test_any_text_is_read_with_its_comments(data: st.DataObject, value: Any) -> None:
    assert parse(data.draw(written(value)), comments=True).root.value == value


@given(data=st.data(), before=_json, after=_json)
def test_an_edited_text_says_what_was_wanted(data: st.DataObject, before: Any, after: Any) -> None:
    text = data.draw(written(before))
    assert parse(edited(text, after, comments=True), comments=True).root.value == after


@given(data=st.data(), before=_json.filter(lambda value: bool(containers(value))))
def test_what_was_put_in_comes_out_byte_for_byte(data: st.DataObject, before: Any) -> None:
    text = data.draw(written(before))
    after = copy.deepcopy(before)
    for number in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(containers(after)))
        if isinstance(place, dict):
            place[f"ours-{number}"] = data.draw(_json)
        else:
            place.append({"ours": number, "hooks": [{"a": 1}]})
    wired = edited(text, after, comments=True)
    assert edited(wired, after, comments=True) == wired
    assert edited(wired, before, comments=True).encode() == text.encode()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("{}\n", {"a": [1]}, '{\n  "a": [\n    1\n  ]\n}\n'),
        ('{"a":1}', {"a": 1, "b": 2}, '{"a":1,"b":2}'),
        ('{\n    "a": 1 // mine\n}', {"a": 1, "b": 2}, '{\n    "a": 1, // mine\n    "b": 2\n}'),
        ('{\r\n\t"a": [1]\r\n}', {"a": [1, 2]}, '{\r\n\t"a": [1,\r\n\t\t2]\r\n}'),
        ("[1, /* x */ 2, 3]", [1, 3], "[1, /* x */ 3]"),
        ("[1, 2, 3]", [1, 4, 3], "[1, 4, 3]"),
        ('{"a": 1.0, "b": true}', {"a": 1.0, "b": 1}, '{"a": 1.0, "b": 1}'),
    ],
)
def test_edits_are_as_a_person_would_make_them(before: str, after: Any, expected: str) -> None:
    assert edited(before, after, comments=True) == expected


@pytest.mark.parametrize("text", ["", "{", '{"a": 1,}', "{} // x", "[NaN]", "[-Infinity]", "nonsense", '{"a": "\n"}'])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


@given(st.text(alphabet='{}[]",:/*\\ \n1ae'))
def test_what_strangers_wrote_is_read_or_refused(text: str) -> None:
    for comments in (False, True):
        try:
            value = parse(text, comments=comments).root.value
        except ValueError:
            continue
        assert edited(text, value, comments=comments) == text
