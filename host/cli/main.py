"""Entry of the `spark` command. Each verb is imported when it is used, so that `--help` answers at once."""

from __future__ import annotations

import os
import signal
from importlib import import_module
from importlib.metadata import version
from typing import cast

import click

VERBS = {
    "up": ("host.cli.up", "Start Spark here; --detach leaves it running"),
    "connect": ("host.cli.connect", "Use a Spark that others share, with the agents here"),
    "down": ("host.cli.down", "Stop the Spark that is up"),
    "status": ("host.cli.status", "Whether Spark is up, and how it does"),
    "dashboard": ("host.cli.dashboard", "Open the dashboard in a browser"),
    "demo": ("host.cli.demo", "Show advice on a bundled recording, in a throw-away folder"),
    "hooks": ("host.cli.hooks", "Connect an agent, or take it off again"),
    "doctor": ("host.cli.doctor", "Whether the agents here reach Spark, and what to do"),
    "explain": ("host.cli.explain", "The last decisions, and why"),
    "report": ("host.cli.report", "How advice does, and whether it helps"),
    "slo": ("host.cli.slo", "How it stands beside the service levels"),
    "alerts": ("host.cli.alerts", "Which alerts fire, and who is told"),
    "feedback": ("host.cli.feedback", "Say whether a piece of advice helped"),
    "chat": ("host.cli.chat", "Ask, in a conversation that is remembered"),
    "lessons": ("host.cli.lessons", "What was learnt"),
    "export": ("host.cli.exporting", "All that was seen, as JSON lines"),
    "forget": ("host.cli.forget", "Erase a session or a project"),
    "import": ("host.cli.importing", "Learn from existing transcripts"),
    "replay": ("host.cli.replaying", "Drive recorded sessions through the gateway"),
    "settings": ("host.cli.settings", "Every setting, its value, and where it comes from"),
    "serve": ("host.cli.serve", "Run single services in a process of their own"),
    "probe": ("host.cli.probe", "Whether a process serves, by gRPC's health service"),
    "migrate": ("host.cli.migrate", "Bring the database up to date"),
}


class LazyGroup(click.Group):
    """Knows its verbs by name and loads one when it is called."""

    def invoke(self, ctx: click.Context) -> object:
        """Runs a verb, which may take a second to load."""
        end_when_told()
        return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order in which a user meets them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's own command; None for a word that is none."""
        if cmd_name not in VERBS:
            return None
        return cast(click.Command, import_module(VERBS[cmd_name][0]).command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the verbs without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in VERBS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("spark-advisory"), prog_name="spark")
def main() -> None:
    """The right advice for a coding agent, learnt from what happened in this project."""


def end_when_told() -> None:
    """Lets SIGTERM end the first process of a container while it starts; a service makes more of it once it is up.

    What ends any other process by itself the kernel keeps from that one, unless it says what is to happen.
    """
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, lambda number, _: os._exit(128 + number))
