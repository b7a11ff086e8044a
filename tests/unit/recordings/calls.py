"""Calls, advice and rows for tests of what replays are measured by."""

from __future__ import annotations

from collections.abc import Sequence

from host.recordings.measures.model import Call, Channel, FailureKey, Item, Suggested

UNKNOWN_FLAG = FailureKey("Bash", "mycli build", "shell.unknown_flag")


def call(
    order: int,
    *,
    session: str = "one",
    index: int | None = None,
    failure: str = "",
    target_class: str = "mycli build",
    command: str = "mycli build",
    project: str = "project",
) -> Call:
    """A shell call; without a failure class it worked."""
    key = FailureKey("Bash", target_class, failure)
    return Call(
        project=project,
        session=session,
        index=order if index is None else index,
        order=order,
        target=command,
        subject=target_class,
        perceived=key,
        recorded=key,
        failed=bool(failure),
        worked=not failure,
        input=command,
    )


def session_of(failures: Sequence[bool]) -> list[Call]:
    """One session in which some calls fail, always in the same way."""
    return [call(order, failure="shell.unknown_flag" if failed else "") for order, failed in enumerate(failures)]


def item(
    position: int,
    channel: Channel = Channel.RESULT,
    *,
    names: Sequence[FailureKey] = (UNKNOWN_FLAG,),
    words: Sequence[str] = (),
    target: str = "",
    text: str = "",
    probability: float = 0.0,
    about: int | None = None,
    session: str = "one",
) -> Item:
    """A piece of advice."""
    suggests = (Suggested("Bash", target, tuple(words)),) if words or target else ()
    return Item(session, position, channel, text, tuple(names), suggests, probability=probability, about=about)
