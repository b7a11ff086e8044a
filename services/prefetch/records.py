"""What is learnt, as the JSON that Postgres keeps."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from services.prefetch.examples import Example
from services.prefetch.failure_forecast import GroupHistory
from services.prefetch.learning import Knowledge
from services.prefetch.model import GroupRuns, OpenFailure, Step, Track, Window
from services.prefetch.noise_curve import NoiseCurve
from services.prefetch.tallies import Tally

KEY_BYTES = 12


def key_of(context: str) -> bytes:
    """A context as it is looked up: contexts are long and shared by many rows, their hash is neither."""
    return hashlib.blake2b(context.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def as_json(text: str) -> bytes:
    """A text as it stands in what is stored."""
    return orjson.dumps(text)


def dump_tally(tally: Tally) -> bytes:
    """A tally as JSON."""
    return orjson.dumps(tally.as_json())


def load_tally(body: bytes) -> Tally:
    """A tally from its JSON."""
    return Tally.from_json(orjson.loads(body))


def dump_history(history: GroupHistory) -> bytes:
    """A group's history as JSON."""
    return orjson.dumps(history)


def load_history(body: bytes) -> GroupHistory:
    """A group's history from its JSON."""
    fields: dict[str, Any] = orjson.loads(body)
    fields |= {"fix_words": tuple(fields["fix_words"])}
    return GroupHistory(**fields)


def dump_project(project: Knowledge) -> bytes:
    """What is learnt of a project beside its counts."""
    weights = {name: [round(value, 5) for value in pair] for name, pair in project.weights.items()}
    return orjson.dumps({"weights": weights, "curve": project.curve.as_json(), "calls": project.calls})


def load_project(body: bytes, project: Knowledge) -> None:
    """Fills in what is learnt of a project."""
    stored: dict[str, Any] = orjson.loads(body)
    project.weights = stored["weights"]
    project.curve = NoiseCurve.from_json(stored["curve"])
    project.calls = stored["calls"]


def dump_example(example: Example) -> bytes:
    """An example as JSON."""
    return orjson.dumps(example)


def load_example(body: bytes) -> Example:
    """An example from its JSON."""
    fields: dict[str, Any] = orjson.loads(body)
    fields |= {name: tuple(fields[name]) for name in ("words", "failed_words")}
    return Example(**fields)


def dump_track(track: Track) -> bytes:
    """A session's track as JSON."""
    return orjson.dumps(track, default=sorted)


def load_track(body: bytes) -> Track:
    """A session's track from its JSON."""
    fields: dict[str, Any] = orjson.loads(body)
    fields |= {name: tuple(fields[name]) for name in ("prompt_words", "expected_next")}
    fields["steps"] = [Step(**item) for item in fields["steps"]]
    fields["groups"] = {name: GroupRuns(**item) for name, item in fields["groups"].items()}
    fields["windows"] = [window_from(item) for item in fields["windows"]]
    fields["open"] = [open_from(item) for item in fields["open"]]
    return Track(**fields)


def open_from(fields: dict[str, Any]) -> OpenFailure:
    """An open failure from its JSON."""
    fields |= {"words": tuple(fields["words"])}
    return OpenFailure(**fields)


def window_from(stored: dict[str, Any]) -> Window:
    """A window from its JSON."""
    return Window(
        index=stored["index"],
        contexts=tuple(stored["contexts"]),
        expected=tuple((group, probability) for group, probability in stored["expected"]),
        live=stored["live"],
        seconds=stored["seconds"],
        failed_by_then=tuple((group, index) for group, index in stored["failed_by_then"]),
        told=stored.get("told", ""),
        called=set(stored["called"]),
        failed=set(stored["failed"]),
    )
