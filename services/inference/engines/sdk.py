"""The SDKs of remote engines: loaded when they are used, and silent."""

from __future__ import annotations

import asyncio
import logging
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from services.inference.engines.refusals import extra_missing

EXTRA = "hosted-llm"
TALKATIVE = ("openai", "anthropic", "httpx", "httpx2", "httpcore", "httpcore2")
"""They log each request, and at DEBUG all that is in it: prompts, and with them what users wrote."""


LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
CONNECT_S = 5.0


def connections(sdk: Any, url: str) -> dict[str, Any]:
    """How a client reaches a URL: with a time limit for the connection alone, since deadlines are the pool's, as is
    trying again; never on to where a server redirects it, for the key would go along; past the proxy on loopback."""
    timeout = sdk.Timeout(None, connect=CONNECT_S)
    beyond = urlsplit(url).hostname not in LOOPBACK
    return {
        "base_url": url,
        "timeout": timeout,
        "max_retries": 0,
        "http_client": sdk.DefaultAsyncHttpxClient(follow_redirects=False, trust_env=beyond, timeout=timeout),
    }


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
