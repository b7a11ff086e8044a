"""`spark settings`: every setting, its value, and where it comes from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import click

from chassis.settings import AnySetting, BadSetting, Effective, Setting, Settings, read_tuneables
from host.alerts.settings import SETTINGS as ALERTS
from host.catalog import all_settings
from host.cli.layout import path_row, say, warn
from host.cli.running import explained, print_json
from host.connection import settings_of
from host.fleet import FLEET_TOKEN
from host.home import spark_home
from host.system import SETTINGS

USER_PART = re.compile(r"^(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<user>.*)@", re.IGNORECASE)
SECRET_PARAMETER = re.compile(r"(?P<name>(?:password|token)=)[^&]*", re.IGNORECASE)
MASK = "***"


@click.command("settings")
@click.option("--json", "as_document", is_flag=True, help="One JSON document.")
def command(as_document: bool) -> None:
    """Show every setting with its value and the place that it comes from, as the next `spark up` will read it."""
    home = spark_home()
    tuneables = home / "tuneables.json"
    known = (*SETTINGS, FLEET_TOKEN, *ALERTS, *all_settings())
    with explained():
        effective = effective_of(known, settings_of(home, os.environ))
        unknown = sorted(set(keys_of(read_tuneables(tuneables))) - {setting.key for setting in known})
    if as_document:
        told = [as_document_of(each) for each in effective]
        print_json({"home": str(home), "tuneables": str(tuneables), "settings": told, "unknown": unknown})
        return
    path_row("Data", home)
    path_row("File", tuneables)
    say("A flag counts before the environment, the environment before the file, the file before the default.")
    say("A Spark that is up keeps what it read when it started.")
    for each in effective:
        click.echo()
        show(each)
    for key in unknown:
        warn(f"{tuneables} sets {key}, which is no setting")


def effective_of(known: Iterable[AnySetting], settings: Settings) -> list[Effective]:
    """The effective value of each setting.

    Raises:
        BadSetting: naming all that cannot be read.
    """
    found: list[Effective] = []
    bad: list[str] = []
    for setting in known:
        try:
            found.append(settings.explain(cast("Setting[str]", setting)))
        except BadSetting as error:
            bad.append(str(error))
    if bad:
        raise BadSetting("\n".join(bad))
    return found


def keys_of(tuneables: Mapping[str, object], above: str = "") -> Iterator[str]:
    """The places in tuneables.json that hold a value."""
    for name, value in tuneables.items():
        if isinstance(value, Mapping):
            yield from keys_of(cast(Mapping[str, object], value), f"{above}{name}.")
        else:
            yield above + name


def as_document_of(effective: Effective) -> dict[str, object]:
    """One setting for JSON."""
    setting = effective.setting
    return {
        "name": setting.key,
        "value": shown(effective),
        "default": setting.default,
        "source": effective.source,
        "environment": setting.environment,
        "about": setting.about,
        "low": setting.low,
        "high": setting.high,
        "choices": list(setting.choices),
    }


def show(effective: Effective) -> None:
    """Prints one setting."""
    setting = effective.setting
    source = "default" if effective.source == "default" else f"{effective.source}; default {text(setting.default)}"
    say(f"{setting.key} = {text(shown(effective))}  ({source})", rest="    ")
    say(setting.about, "  ")
    say(f"{setting.environment}{limits(setting)}", "  ")


def limits(setting: AnySetting) -> str:
    """What a setting may be."""
    if setting.choices:
        return f": {', '.join(setting.choices)}"
    if isinstance(setting.default, bool):
        return ": 0 or 1"
    if setting.low is None or setting.high is None:
        return ""
    return f": {setting.low:g} to {setting.high:g}"


def text(value: bool | int | float | str) -> str:
    """A value as it is typed."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:g}" if isinstance(value, float) else str(value) or "(empty)"


def shown(effective: Effective) -> bool | int | float | str:
    """A value without its secrets."""
    value = effective.value
    if effective.setting.secret:
        return MASK if value else ""
    return masked(value) if isinstance(value, str) else value


def masked(url: str) -> str:
    """An address without passwords and tokens. What is before the last `@` is hidden rather too much than too little:
    a password may hold every mark that ends the rest."""
    bare = SECRET_PARAMETER.sub(rf"\g<name>{MASK}", url)
    found = USER_PART.match(bare)
    if found is None:
        return bare
    user, colon, _ = found["user"].partition(":")
    shown_user = f"{user}:{MASK}" if colon else user
    # For NATS a user part without a colon is a token.
    hidden = shown_user if found["scheme"].lower() in {"postgres", "postgresql"} else MASK
    return f"{found['scheme']}://{hidden}@{bare[found.end() :]}"
