"""The one reader of settings: flag > environment > tuneables.json > default, clamped by bounds in code.

Every effective value names its source, so that `spark settings` can show where each one comes from.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, cast

Value = TypeVar("Value", bool, int, float, str)

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


class BadSetting(ValueError):
    """A value that cannot be read; the message names the setting, its source and what would do."""


@dataclass(frozen=True)
class Setting(Generic[Value]):
    """One thing that can be set. `key` is its place in tuneables.json, `environment` its variable."""

    key: str
    environment: str
    default: Value
    about: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False
    """Whether its value opens something: it is read from the environment alone, for a file would keep it, and is never
    shown."""


AnySetting = Setting[bool] | Setting[int] | Setting[float] | Setting[str]


@dataclass(frozen=True)
class Effective:
    """The value that counts and where it came from."""

    setting: AnySetting
    value: bool | int | float | str
    source: str


class Settings:
    """Effective values, read once at the start of a process."""

    def __init__(
        self,
        environment: Mapping[str, str],
        tuneables: Mapping[str, object] | None = None,
        flags: Mapping[str, str] | None = None,
    ) -> None:
        self._environment = environment
        self._tuneables = tuneables or {}
        self._flags = flags or {}

    def __getitem__(self, setting: Setting[Value]) -> Value:
        """The effective value.

        Raises:
            BadSetting: when what was given cannot be read.
        """
        return cast(Value, self.explain(setting).value)

    def explain(self, setting: Setting[Value]) -> Effective:
        """The effective value with its source.

        Raises:
            BadSetting: when what was given cannot be read.
        """
        named = cast(AnySetting, setting)
        raw, source = self._raw(setting)
        if raw is None:
            return Effective(named, setting.default, "default")
        value = convert(setting, raw, source)
        bounded = clamp(setting, value)
        return Effective(named, bounded, source if bounded == value else f"{source}, clamped from {value}")

    def _raw(self, setting: Setting[Value]) -> tuple[object | None, str]:
        if setting.key in self._flags:
            return self._flags[setting.key], "flag"
        if self._environment.get(setting.environment, "") != "":
            return self._environment[setting.environment], "environment"
        found, source = self._kept(setting)
        if setting.secret and found is not None:
            raise BadSetting(f"{setting.key} must not lie in a file: set {setting.environment} instead")
        return found, source

    def _kept(self, setting: Setting[Value]) -> tuple[object | None, str]:
        found: object = self._tuneables
        for part in setting.key.split("."):
            if not isinstance(found, Mapping):
                return None, ""
            found = cast(Mapping[str, object], found).get(part)
        return found, "tuneables.json"


def convert(setting: Setting[Value], raw: object, source: str) -> Value:
    """Reads a raw value as the setting's own type.

    Raises:
        BadSetting: when it is none.
    """
    wanted = type(setting.default)
    name = setting.environment if source == "environment" else setting.key
    text = str(raw).strip()
    try:
        if wanted is bool:
            if text.lower() not in TRUE | FALSE:
                raise ValueError
            return cast(Value, text.lower() in TRUE)
        value = wanted(text)
        if isinstance(value, float) and math.isnan(value):
            raise ValueError
    except ValueError:
        kind = "0 or 1" if wanted is bool else "a whole number" if wanted is int else "a number"
        raise BadSetting(f"{name}={text!r} ({source}): expected {kind}") from None
    if setting.choices and value not in setting.choices:
        raise BadSetting(f"{name}={text!r} ({source}): expected one of {', '.join(setting.choices)}")
    return cast(Value, value)


def clamp(setting: Setting[Value], value: Value) -> Value:
    """The value within the setting's bounds."""
    if isinstance(value, bool | str):
        return value
    number = value
    if setting.low is not None and number < setting.low:
        number = type(value)(setting.low)
    if setting.high is not None and number > setting.high:
        number = type(value)(setting.high)
    return cast(Value, number)


def read_tuneables(path: Path) -> Mapping[str, object]:
    """The tuneables file, empty when there is none.

    Raises:
        BadSetting: when it is there and not a JSON object.
    """
    try:
        data: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadSetting(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(data, dict):
        raise BadSetting(f"{path} must hold a JSON object")
    return cast(Mapping[str, object], data)
