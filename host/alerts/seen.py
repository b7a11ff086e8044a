"""How alerts stand in processes that run, as their metrics tell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

FIRING, VALUE = "spark_alert_firing", "spark_alert_value"


@dataclass(frozen=True, slots=True)
class Seen:
    """An alert in all processes together: it fires where it does in one."""

    firing: bool
    value: float | None
    """That of a process in which it fires, else of the first that has one."""


def seen_in(expositions: Iterable[str]) -> Mapping[str, Seen]:
    """Alerts by name, of what `/metrics` of each process says; nothing of a process that does not look at them.

    Raises:
        ValueError: when that is no text of metrics.
    """
    found: dict[str, Seen] = {}
    for text in expositions:
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        values = {each.labels["alert"]: each.value for each in samples if each.name == VALUE}
        for each in samples:
            if each.name == FIRING:
                name = each.labels["alert"]
                value = values.get(name, math.nan)
                here = Seen(each.value > 0, None if math.isnan(value) else value)
                before = found.get(name)
                if before is None or (here.firing, here.value is not None) > (before.firing, before.value is not None):
                    found[name] = here
    return found
