"""The SDKs of remote engines: loaded when they are used, and silent."""

from __future__ import annotations

import asyncio
import logging
from importlib import import_module
from typing import Any

from services.inference.engines.refusals import extra_missing

EXTRA = "hosted-llm"
TALKATIVE = ("openai", "anthropic", "httpx", "httpx2", "httpcore", "httpcore2")
"""They log each request, and at DEBUG all that is in it: prompts, and with them what users wrote."""


async def loaded(package: str, engine: str) -> Any:
    """The package of an SDK.

    Raises:
        EngineError: when it is not installed.
    """
    try:
        # Takes seconds: not in the loop that answers hooks.
        found = await asyncio.to_thread(import_module, package)
    except ImportError:
        raise extra_missing(engine, package, EXTRA) from None
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return found
