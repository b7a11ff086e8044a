"""`make scale`: puts the tables of the model into docs/scale.md, between marks; the words around them stay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bench.fleet_model.measured import read
from bench.fleet_model.tables import tables

DOCUMENT = Path(__file__).parents[2] / "docs" / "scale.md"
BEGIN, END = "<!-- {}: `make scale` writes this -->", "<!-- end -->"


class NoPlace(ValueError):
    """A table has no place in the document."""


def filled(document: str, made: Mapping[str, str]) -> str:
    """The document with the tables as they are made now.

    Raises:
        NoPlace: when the marks of a table are missing.
    """
    for name, body in made.items():
        begin = BEGIN.format(name)
        place = re.compile(f"{re.escape(begin)}\n.*?{re.escape(END)}", re.DOTALL)
        # A function, for a body may hold what a pattern would take for a reference.
        document, times = place.subn(lambda _, text=f"{begin}\n{body}\n{END}": text, document)
        if times != 1:
            raise NoPlace(f"docs/scale.md needs `{begin}` and `{END}` once, for the table {name}")
    return document


def main() -> None:
    """Writes the document anew."""
    document = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(filled(document, tables(read())), encoding="utf-8")


if __name__ == "__main__":
    main()
