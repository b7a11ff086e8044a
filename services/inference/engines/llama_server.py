"""The program that serves one GGUF file: `python -m services.inference.engines.llama_server SPEC`.

SPEC is JSON: the file, tokens of context for each generation, generations at once, threads, a port (none takes any that
is free), and a file into which the address is written once it serves. SPARK_ENGINE_KEY in the environment is the key
that callers need, since any page in a browser can reach a port of loopback.

A process of its own: a model that is broken takes its process down, and no generation holds up the loop that answers
hooks.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

KEY_VARIABLE = "SPARK_ENGINE_KEY"


def main() -> int:
    """Serves until it is told to end."""
    # Typed as Any: it has no stubs, and its native module shows none of its names.
    xllamacpp: Any = import_module("xllamacpp")
    spec: dict[str, Any] = json.loads(sys.argv[1])
    params: Any = xllamacpp.CommonParams()
    params.model.path = spec["model"]
    params.n_parallel = spec["concurrency"]
    params.n_ctx = spec["context"] * spec["concurrency"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = spec["threads"]
    # A thread is held by each stream; some are left for health checks.
    params.n_threads_http = spec["concurrency"] + 4
    params.hostnames, params.port = ["127.0.0.1"], spec.get("port", 0)
    params.ui = False
    # Warnings and errors: what it says of each request would fill a disk in time.
    params.verbosity = 1
    if key := os.environ.get(KEY_VARIABLE):
        params.api_keys = [key]
    server: Any = xllamacpp.Server(params)
    told = Path(spec["address"])
    draft = told.with_suffix(".draft")
    draft.write_text(server.listening_address, encoding="utf-8")
    draft.replace(told)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
    # Its own end waits for streams under way, which nobody reads any more.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
