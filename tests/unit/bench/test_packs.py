"""Loading of the scenario packs: all that the judge relies on."""

from __future__ import annotations

import pytest

from bench.pack_session import place_of
from bench.packs import CALL, PROMPT, RETURN, At, Pack, Place, cut_in, packs
from bench.replay import hooks_of
from gateway.clients.recorded import RecordedHook
from host.recordings.hook_client import HookReply
from host.recordings.replay import Played


def place(hook: RecordedHook) -> Place | None:
    return place_of(Played(hook, HookReply(200, {}, b"", 0.0)))


@pytest.mark.parametrize("pack", packs(), ids=lambda pack: pack.name)
def test_every_moment_of_a_pack_is_one_of_its_session_in_the_order_of_time(pack: Pack) -> None:
    hooks = list(hooks_of(pack))
    times = [hook.occurred_at for hook in hooks]
    assert times == sorted(times)
    judged = [hook for hook in hooks if hook.payload["session_id"] == pack.session]
    assert hooks[-len(judged) :] == judged, "the history comes first"
    places = [found for hook in judged if (found := place(hook)) is not None]
    assert len(places) == len(set(places))
    for label in pack.labels:
        assert label.lesson.says_any
        called = places.index(Place(CALL, label.call))
        assert all(places.index(each) < called for each in label.window)
        assert bool(label.window) is (label.at is not At.FAILURE)
    after, noisy = pack.after_failure, pack.too_noisy
    assert places.index(Place(RETURN, after.first)) < places.index(Place(CALL, after.next))
    assert all(places.index(Place(RETURN, noisy.call)) < places.index(Place(CALL, each)) for each in noisy.later)
    assert Place(CALL, pack.first_call) == next(each for each in places if each.kind == CALL)


def test_labels_of_a_cut_have_the_ids_under_which_a_table_is_played() -> None:
    label = {
        "at": "ahead",
        "idx": 7,
        "window": ["prompt:2", "return:6"],
        "lesson": {"tool": "Read", "target_class": ".go", "error_class": "path:not_exist"},
        "mistake": False,
        "why": "",
    }
    cut = cut_in({"table": "t", "session": "s", "first": 5, "last": 9, "moments": [label]})
    assert cut.labels[0].call == "s:7"
    assert cut.labels[0].window == (Place(PROMPT, "s:2"), Place(RETURN, "s:6"))
    assert (cut.labels[0].mistake, cut.labels[0].lesson.error_class) == (False, "path:not_exist")
