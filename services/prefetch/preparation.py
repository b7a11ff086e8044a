"""From what is expected of a session to packets that are ready for it, by the ways in which it may go on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from chassis.call_words import call_words
from chassis.identifiers import digest
from chassis.timestamps import set_time
from services.prefetch import failure_forecast
from services.prefetch.failure_forecast import GroupHistory
from services.prefetch.learning import Knowledge
from services.prefetch.model import EDITS, REACH, Place, Track
from services.prefetch.remedies import WAYS_NAMED, Remedy
from services.prefetch.wording import CLASSES_NAMED, of_forecast, ways_of
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import advice_pb2, packets_pb2
from spark.router.v1 import router_pb2

BRANCHES = 5
"""Calls prepared for: in recordings the one that comes is among five in four of five cases."""
CHANCES = 4
"""Packets for each branch: two at most are said, and some are held back by the gate."""
WORTH_A_LOOK = 0.01
"""Probability below which a forecast is not even one that was held back."""
WORDS_THAT_TELL = 3
"""First words of a remedy by which it is told from others, where no call stands out."""
FRESH_FOR = timedelta(days=14)


def prepare(
    place: Place, track: Track, project: Knowledge, coming: Sequence[str], threshold: float, at: datetime
) -> packets_pb2.Preparation:
    """What is ready for the next moment of a session, for each of the calls that may come, a prompt, and any other."""
    made = packets_pb2.Preparation(threshold=threshold)
    set_time(made.made_after, at)
    places: dict[str, int] = {}

    def branch(name: str | None, *, prompt: bool = False) -> None:
        found = failure_forecast.forecast(track, project.groups, project.tallies, project.calls, coming=name)
        worth = [item for item in found if item[1] >= WORTH_A_LOOK and tells_more(track, item[0], project)]
        said = sum(probability >= threshold for _, probability in worth)
        likely = worth[: min(said + 1, CHANCES)]
        tool, _, target_class = (name or "|").partition("|")
        added = made.branches.add(tool=tool, target_class=target_class, prompt=prompt)
        for group, probability in likely:
            if group not in places:
                places[group] = len(places)
                made.packets.append(packet_of(place, track, group, project.groups[group], probability, at))
            added.chances.add(packet=places[group], probability=probability)

    for name in coming[:BRANCHES]:
        branch(name)
    branch(None, prompt=True)
    branch(None)
    return made


def tells_more(track: Track, group: str, project: Knowledge) -> bool:
    """Whether there is something of a group that the session has not seen for itself: earlier failures, or a fix.

    Within reach of a failure a remedy was told at it, which says more.
    """
    own, history = track.groups.get(group), project.groups[group]
    if own is None:
        return True
    if own.failed >= 0 and track.index - own.failed <= REACH and history.works:
        return False
    return bool(history.fix) or history.failures > own.failures


def packet_of(
    place: Place, track: Track, group: str, history: GroupHistory, probability: float, at: datetime
) -> packets_pb2.Packet:
    """The packet that tells what a group of calls has come to before."""
    own = track.groups.get(group)
    text = of_forecast(group, history, session_id=place.session_id, failed_here=own.failures if own else 0)
    packet = new_packet(place.project_id, digest(place.project_id, "forecast", group), text, at)
    failed_at = track.failed_at(group)
    if failed_at is not None:
        set_time(packet.lesson.provenance.last_seen, failed_at)
    packet.confidence = probability
    names(packet, group, ways_of(history)[:CLASSES_NAMED])
    # Of an edit the text does not tell what fixed it.
    if history.fix and group.partition("|")[0] not in EDITS:
        suggest(packet, group, history.fix_target, history.fix_words)
    return packet


def packet_of_remedy(
    project_id: str, group: str, ways: Sequence[str], remedy: Remedy, at: datetime
) -> packets_pb2.Packet:
    """The packet that tells what worked after failures like one that just happened; `ways` begin with its class."""
    # Another fix is another packet: what is told of one says nothing of the other.
    told = remedy.target or " ".join(remedy.words[:WORDS_THAT_TELL])
    packet_id = f"remedy-{digest(project_id, group, ways[0], told)}"
    packet = new_packet(project_id, packet_id, remedy.text, at)
    packet.confidence = 0.5
    names(packet, group, ways[: WAYS_NAMED + 1])
    suggest(packet, group, remedy.target, remedy.words)
    return packet


def new_packet(project_id: str, packet_id: str, text: str, at: datetime) -> packets_pb2.Packet:
    """A packet made ahead, with what every packet must have."""
    packet = packets_pb2.Packet(
        packet_id=packet_id,
        project_id=project_id,
        source_mode=packets_pb2.SOURCE_MODE_PREFETCH,
        text=text,
        effectiveness_score=0.5,
        revision=int(at.timestamp() * 1e6),
        stage=advice_pb2.STAGE_CANDIDATE,
    )
    packet.lesson.lesson_id = digest(packet_id)
    packet.lesson.workspace_id = "-"
    packet.lesson.project_id = project_id
    packet.lesson.kind = lesson_pb2.LESSON_KIND_REPEATED_FAILURE
    packet.lesson.state = lesson_pb2.LESSON_STATE_ACTIVE
    set_time(packet.fresh_until, at + FRESH_FOR)
    return packet


def names(packet: packets_pb2.Packet, group: str, classes: Sequence[str]) -> None:
    """Says which failures a packet names."""
    tool, _, target_class = group.partition("|")
    for name in classes:
        packet.names.append(moment_pb2.FailureKey(tool=tool, target_class=target_class[:200], failure_class=name))
    packet.lesson.tool = tool
    packet.lesson.target_class = target_class


def suggest(packet: packets_pb2.Packet, group: str, target: str, words: Sequence[str]) -> None:
    """Says which call a packet suggests, as far as its text says so: nobody can follow what was not said."""
    said = set(call_words(packet.text))
    told = [word for word in words if word in said][:64]
    shown = target if target in packet.text else ""
    if told or shown:
        packet.suggests.append(router_pb2.Suggestion(tool=group.partition("|")[0], target=shown, words=told))
