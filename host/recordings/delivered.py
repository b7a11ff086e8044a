"""The pieces of a decision that reached the agent, as they are measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from host.recordings.measures.model import Channel, FailureKey, Item, Suggested
from spark.router.v1 import router_pb2


def delivered(
    decision: router_pb2.Decision, session: str, position: int, channel: Channel, about: int | None
) -> Iterator[Item]:
    """The pieces said; of what was decided and then withheld, as from the control arm, none.

    `position` is the first call that they can bear on, `about` the call at which they were given.
    """
    if not was_said(decision):
        return
    for advice in decision.said:
        item = piece(advice, session, position, Channel.REFUSAL if decision.refuse else channel, about)
        # A piece that was cut to fit is judged by what was left of the whole.
        text = advice.text if advice.text in decision.text else decision.text
        yield replace(item, text=text, route=route_of(decision))


def piece(advice: router_pb2.Advice, session: str, position: int, channel: Channel, about: int | None) -> Item:
    """A piece as it was worded, whether it was said or held back."""
    return Item(
        session=session,
        position=position,
        channel=channel,
        text=advice.text,
        names=tuple(FailureKey(name.tool, name.target_class, name.failure_class) for name in advice.names),
        suggests=tuple(Suggested(each.tool, each.target, tuple(each.words)) for each in advice.suggests),
        source=router_pb2.Source.Name(advice.source).removeprefix("SOURCE_").lower(),
        probability=advice.probability,
        about=about,
    )


def was_said(decision: router_pb2.Decision) -> bool:
    """Whether the agent was told something."""
    return bool(decision.text) and decision.silence == router_pb2.SILENCE_UNSPECIFIED


def route_of(decision: router_pb2.Decision) -> str:
    """The route in a word."""
    return router_pb2.Route.Name(decision.route).removeprefix("ROUTE_").lower()
