"""Trace contexts: what is well formed is kept, anything else begins a new trace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.tracing import new_traceparent, parse, trace_id, traceparent_or_new


def hexadecimal(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789abcdef", min_size=length, max_size=length)


def spans(length: int) -> st.SearchStrategy[str]:
    return hexadecimal(length).filter(lambda text: set(text) != {"0"})


@given(hexadecimal(2).filter(lambda version: version != "ff"), spans(32), spans(16), hexadecimal(2))
def test_a_well_formed_trace_is_kept(version: str, trace: str, span: str, flags: str) -> None:
    header = f"{version}-{trace}-{span}-{flags}"
    found = parse(header)
    assert found is not None
    assert (f"{found.trace_id:032x}", f"{found.span_id:016x}", found.trace_flags) == (trace, span, int(flags, 16))
    assert found.is_remote
    assert traceparent_or_new(header) == header
    assert trace_id(header) == trace


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-00",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "zz-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0xf7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7_51916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331- 1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
        "00-٠af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ],
)
def test_a_malformed_trace_is_replaced(header: str) -> None:
    assert parse(header) is None
    assert trace_id(header) == ""
    fresh = traceparent_or_new(header)
    assert fresh != header
    assert parse(fresh) is not None


@given(st.text())
def test_any_text_can_be_offered(header: str) -> None:
    assert parse(traceparent_or_new(header)) is not None


def test_new_traces_are_sampled_and_differ() -> None:
    found = [parse(new_traceparent()) for _ in range(100)]
    assert len({one.trace_id for one in found if one is not None}) == 100
    assert all(one is not None and one.trace_flags.sampled for one in found)
