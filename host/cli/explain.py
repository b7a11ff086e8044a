"""`spark explain`: the last decisions, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

import click

from gateway.phrases import KINDS, LESSONS, OUTCOMES, ROUTES, SILENCES, SOURCES, VERDICTS, words_for
from host.cli.asking import as_json, project_of
from host.cli.layout import ago, local_time, milliseconds, printable, say, short, times
from host.cli.running import print_json, run
from host.connection import Connection, connected
from host.home import spark_home
from spark.packets.v1.advice_pb2 import GivenAdvice, ListAdviceRequest
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from spark.router.v1.router_pb2 import Advice, AdviceDecided
from spark.telemetry.v1.telemetry_pb2 import ListDecisionsRequest
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub

MOST = 500
"""The contract's own limit."""
TARGET_CHARS = 200
ADVICE_AT_ONCE = 1000
"""The contract's own limit."""
TIME_CHARS = 10
"""Of a ULID's characters those that say when it was made."""

Became = dict[str, GivenAdvice]


@click.command("explain")
@click.argument("session", required=False, default="")
@click.option("--last", type=click.IntRange(1, MOST), default=10, show_default=True, help="So many decisions.")
@click.option("--said", is_flag=True, help="Only those at which something was said.")
@click.option(
    "--project", type=click.Path(path_type=Path, resolve_path=True), help="Only of the project of this folder."
)
@click.option("--json", "as_document", is_flag=True, help="One JSON document.")
def command(session: str, last: int, said: bool, project: Path | None, as_document: bool) -> None:
    """Show the last decisions, newest last: what was said and where it comes from, or why nothing was.

    SESSION is the agent's id of a session, or the beginning of one; without it, those of all sessions are shown.
    """
    decisions, became = run(lambda: ask(session, last, said, project))
    if as_document:
        advice = [as_json(given) for given in became.values()]
        print_json({"decisions": [as_json(decided) for decided in decisions], "advice": advice})
    elif decisions:
        show(decisions, became)
    else:
        which = f" of session {session}" if session else ""
        say(f"There is no decision{which} yet{' at which something was said' if said else ''}.")
        say("Decisions are made while an agent works; `spark hooks status` says whether one is connected.")


async def ask(session: str, last: int, said: bool, folder: Path | None) -> tuple[list[AdviceDecided], Became]:
    """The last decisions, newest last, and what became of the advice that they gave."""
    async with connected(spark_home()) as connection:
        telemetry = TelemetryServiceStub(connection.channels.to("telemetry"))
        project_id = (await project_of(connection, folder)).project_id if folder else ""
        wanted = ListDecisionsRequest(session_id=session, project_id=project_id, only_said=said, page_size=last)
        found = list((await telemetry.ListDecisions(wanted)).decisions)
        if not found and session:
            # Nobody types a whole session id: the newest session that begins so is meant.
            recent = (await telemetry.ListDecisions(ListDecisionsRequest(page_size=MOST))).decisions
            begun = [one.envelope.session_id for one in recent if one.envelope.session_id.startswith(session)]
            if begun and begun[0] != session:
                wanted.session_id = begun[0]
                found = list((await telemetry.ListDecisions(wanted)).decisions)
        given = [advice.advice_id for decided in found for advice in decided.decision.said if advice.advice_id]
        return found[::-1], await what_became(connection, given)


async def what_became(connection: Connection, advice_ids: Sequence[str]) -> Became:
    """What became of advice, by its id; what was withheld was never given."""
    packets, became = PacketsServiceStub(connection.channels.to("packets")), Became()
    for start in range(0, len(advice_ids), ADVICE_AT_ONCE):
        asked = ListAdviceRequest(advice_ids=advice_ids[start : start + ADVICE_AT_ONCE], page_size=ADVICE_AT_ONCE)
        became.update({given.advice_id: given for given in (await packets.ListAdvice(asked)).advice})
    return became


def show(decisions: Sequence[AdviceDecided], became: Became) -> None:
    """Prints decisions, each session under its own name."""
    place = ("", "")
    for number, decided in enumerate(decisions):
        if number:
            click.echo()
        envelope = decided.envelope
        if place != (envelope.session_id, envelope.agent_id):
            place = (envelope.session_id, envelope.agent_id)
            agent = f", sub-agent {envelope.agent_id}" if envelope.agent_id else ""
            say(f"Session {envelope.session_id}{agent} of {envelope.client}, project {envelope.project_id}")
            click.echo()
        show_decision(decided, became)


def show_decision(decided: AdviceDecided, became: Became) -> None:
    """Prints one decision: when and at what, by which route, what was said and what was held back."""
    decision = decided.decision
    kind = words_for(KINDS, decided.kind)
    target = f" `{cut(decided.target, TARGET_CHARS)}`" if decided.target else ""
    at = f": {decided.tool}{target}" if decided.tool else ""
    say(f"{kind}{at}", f"{local_time(decided.envelope.occurred_at.ToDatetime(UTC))}  ", "    ")
    route = words_for(ROUTES, decision.route)
    model = f"; no model: {decision.live_unavailable}" if decision.live_unavailable else ""
    say(f"{route}, {milliseconds(decided.hook_latency_us or decision.latency_us)}{model}", "  ")
    if decision.silence:
        say(f"silent: {words_for(SILENCES, decision.silence)}", "  ")
    if decision.said:
        click.echo("  would have said" if decision.silence else "  said")
        for advice in decision.said:
            say(advice.text, "    ")
            say(provenance(advice), "      ")
            if advice.advice_id in became:
                say(outcome(became[advice.advice_id]), "      ")
    if decision.held:
        click.echo("  held back")
        for advice in decision.held:
            say(advice.text, "    ")
            say(f"because {words_for(SILENCES, advice.silence)}", "      ")
            say(provenance(advice), "      ")


def provenance(advice: Advice) -> str:
    """Where a piece of advice comes from."""
    if not advice.lesson_id:
        likely = f", probability {advice.probability:.2f}" if advice.probability else ""
        return words_for(SOURCES, advice.source) + likely
    source = advice.provenance
    sessions = ", ".join(short(session) for session in source.session_ids)
    kind = words_for(LESSONS, advice.kind)
    seen = f"seen {times(source.occurrences)}, last {ago(source.last_seen.ToDatetime(UTC))}"
    return f"lesson {short(advice.lesson_id)}, {kind}: {seen}, sessions {sessions or 'erased'}"


def outcome(given: GivenAdvice) -> str:
    """The id by which to speak of a piece of advice, and what became of it."""
    word = f"; called {words_for(VERDICTS, given.verdict)}" if given.verdict else ""
    return f"advice {short_id(given.advice_id)}: {words_for(OUTCOMES, given.state)}{word}"


def short_id(advice_id: str) -> str:
    """The part of an advice's id that holds its time, to the millisecond, and its place among those of its decision."""
    decision, dash, place = printable(advice_id).partition("-")
    return f"{decision[:TIME_CHARS]}{dash}{place}"


def cut(text: str, limit: int) -> str:
    """The text on one line and within the limit."""
    line = " ".join(printable(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
