"""What engines were last loaded from, so that what they derived from it is not used for anything else."""

from __future__ import annotations

import json
import logging
import shutil
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

log = logging.getLogger(__name__)

FILE = "manifest.json"
WRITING = threading.Lock()
"""Engines start at once, each in a thread of its own, and what all of them loaded stands in one file."""


@dataclass(frozen=True)
class Artefact:
    """A model as an engine loads it. Size and time stand for the bytes: a sum over gigabytes takes longer than loading
    them."""

    path: str
    size: int
    modified_ns: int
    engine_version: str


def artefact_of(path: Path, engine_version: str) -> Artefact:
    """What stands at a path: a file, or a folder with the sum of its files and the newest of their times."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    stats = [file.stat() for file in files]
    newest = max((stat.st_mtime_ns for stat in stats), default=0)
    return Artefact(str(path), sum(stat.st_size for stat in stats), newest, engine_version)


class Manifest:
    """One file in the folder of inference, with one artefact for each engine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, engine: str, artefact: Artefact) -> bool:
        """Notes what an engine is about to load; whether it is what it loaded before.

        Where it is not, what the engine derived from the old one is removed.
        """
        with WRITING:
            known = self._read()
            same = known.get(engine) == asdict(artefact)
            if not same:
                if engine in known:
                    log.info("artefact changed", extra={"action": "artefact_changed", "engine": engine})
                shutil.rmtree(self._place(engine), ignore_errors=True)
                self._write({**known, engine: asdict(artefact)})
        return same

    def derived(self, engine: str) -> Path:
        """The folder for what an engine derives from its artefact: made anew when that changes."""
        folder = self._place(engine)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _place(self, engine: str) -> Path:
        return self._folder / f"{engine}.derived"

    def _read(self) -> dict[str, Any]:
        try:
            found: object = json.loads((self._folder / FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    def _write(self, known: dict[str, Any]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f"{FILE}.draft"
        draft.write_text(json.dumps(known, indent=1), encoding="utf-8")
        draft.replace(self._folder / FILE)
