"""Conditions of a statement that not every caller asks.

Left out where they are not asked: `$2 = '' or project_id = $2` would read a whole workspace, for a statement is planned
once for all its arguments.
"""

from __future__ import annotations

from collections.abc import Iterable


def asked(conditions: Iterable[tuple[str, object]], *values: object) -> tuple[str, list[object]]:
    """The text of those conditions that have a value, each after an `and`, and all values, as they are numbered.

    A condition is written with `{}` for its number; `values` are those that the statement has before.
    """
    text, numbered = "", list(values)
    for condition, value in conditions:
        if value:
            numbered.append(value)
            text += f" and {condition.format(f'${len(numbered)}')}"
    return text, numbered
