"""The runbooks as they stand in docs/runbooks: their sections and the commands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "docs" / "runbooks"
LOOK, DO, VERIFY, DRILL = "Look", "Do", "Verify", "Drill"
SECTIONS = (LOOK, DO, VERIFY, DRILL)

HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Page:
    """One runbook."""

    name: str
    text: str

    @property
    def sections(self) -> dict[str, str]:
        """The text under each heading."""
        _, *rest = HEADING.split(self.text)
        return dict(zip(rest[::2], rest[1::2], strict=True))

    def commands(self, section: str) -> list[str]:
        """The blocks of commands of a section."""
        return COMMANDS.findall(self.sections[section])


@cache
def pages() -> dict[str, Page]:
    """All runbooks by name."""
    found = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
    return {path.stem: Page(path.stem, path.read_text(encoding="utf-8")) for path in found}
