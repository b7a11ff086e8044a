"""Ports that the environment names. It loads next to nothing, for a probe reads them too."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.settings import BadSetting

HIGHEST_PORT = 65_535


def port_in(environment: Mapping[str, str], name: str) -> int | None:
    """The port that a variable names; None where it is not set.

    Raises:
        BadSetting: when it is no number of a port.
    """
    text = environment.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) <= HIGHEST_PORT):
        raise BadSetting(f"{name}={text!r} (environment): expected a port, 0 to {HIGHEST_PORT}")
    return int(text)
