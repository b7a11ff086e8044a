"""The system's Chromium, and where it is."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.async_api import Browser, BrowserType

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""It calls nobody but the Spark under test."""

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


def missing() -> str:
    """What these tests lack, and how to get it; empty when nothing is."""
    lacking = [
        *([] if shutil.which("chromium") else ["Chromium"]),
        *([] if AXE.exists() else ["axe-core"]),
    ]
    return f"{' and '.join(lacking)} NOT INSTALLED: run `make browser`" if lacking else ""


async def launched(chromium: BrowserType) -> Browser:
    """A Chromium with a profile of its own that goes with it."""
    path = shutil.which("chromium")
    assert path is not None
    return await chromium.launch(executable_path=path, args=ARGUMENTS)
