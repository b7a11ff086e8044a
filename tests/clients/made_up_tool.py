"""A program of the repository, made up for one test, so that what is learnt about it can come from nowhere else."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tool:
    """A program that takes one flag and refuses another; nobody can know which is which. Its name is two words."""

    name: str
    refused: str
    taken: str

    @property
    def wrong(self) -> str:
        """The command that fails."""
        return f"./{self.name} --{self.refused} out"

    @property
    def right(self) -> str:
        """The command that works."""
        return f"./{self.name} --{self.taken} out"


def made_up_tool(repo: Path) -> Tool:
    """Puts such a program into the repository."""
    tool = Tool(f"{word()}-{word()}", f"old{secrets.token_hex(4)}", f"new{secrets.token_hex(4)}")
    script = repo / tool.name
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(
        f'#!/bin/sh\ncase "$1" in --{tool.taken}) echo built;; *) echo "error: unknown option: $1" >&2; exit 2;; esac\n'
    )
    script.chmod(0o755)
    return tool


def word() -> str:
    """A word that a prompt and a command can share: of letters alone, for one with digits is taken for an id."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(8))
