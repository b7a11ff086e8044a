"""The engines that the conformance suite runs over: what stands behind each, and how it is killed and looked at."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.integration.inference.servers import (
    CONTEXT,
    LOOPBACK,
    Served,
    child_with,
    llama,
    loopback,
    running_at,
    running_in,
)

KEY = "sk-ant-test-0123456789abcdef"


def nothing() -> None:
    """For what needs nothing."""


@dataclass(frozen=True)
class Case:
    """One engine. `label` says where a server only speaks from documents."""

    label: str
    engine: str
    settings: Mapping[str, str]
    served: bool = True
    """Whether a server stands behind it."""
    json_schema: bool = True
    kill: Callable[[], None] = nothing
    restart: Callable[[], None] = nothing
    """For a server that the engine does not start again by itself."""
    busy: Callable[[], int] = field(default=lambda: 0)
    """Generations that the server works on."""


@contextmanager
def template(_: Path, __: Path) -> Generator[Case]:
    yield Case("template", "template", {"SPARK_INFERENCE_ENGINES": "template"}, served=False, json_schema=False)


@contextmanager
def llama_cpp(model: Path, _: Path) -> Generator[Case]:
    settings = {
        "SPARK_INFERENCE_ENGINES": "llama_cpp",
        "SPARK_INFERENCE_GGUF": str(model),
        "SPARK_INFERENCE_CONTEXT": str(CONTEXT),
        "SPARK_INFERENCE_THREADS": "1",
    }
    yield child_case("llama_cpp", "llama_cpp", settings, "llama_server")


@contextmanager
def openai(model: Path, folder: Path) -> Generator[Case]:
    with running(llama(model, folder)) as server:
        settings = {"SPARK_INFERENCE_ENGINES": "openai", "SPARK_INFERENCE_OPENAI_URL": f"{server.url}/v1"}
        yield url_case("openai: llama.cpp", "openai", settings, server)


@contextmanager
def anthropic(_: Path, __: Path) -> Generator[Case]:
    with running(loopback()) as server:
        settings = {
            "SPARK_INFERENCE_ENGINES": "anthropic",
            "SPARK_INFERENCE_ANTHROPIC_URL": server.url,
            "SPARK_INFERENCE_ANTHROPIC_MODEL": "counted-words",
            "SPARK_INFERENCE_ANTHROPIC_KEY": KEY,
        }
        yield url_case("anthropic: loopback, from documents", "anthropic", settings, server)


@contextmanager
def trtllm(_: Path, folder: Path) -> Generator[Case]:
    settings = {
        "SPARK_INFERENCE_ENGINES": "trtllm",
        "SPARK_INFERENCE_TRTLLM_BINARY": str(trtllm_serve(folder)),
        "SPARK_INFERENCE_TRTLLM_MODEL": "counted-words",
        "SPARK_INFERENCE_TRTLLM_CUDA_GRAPH_BATCH_SIZES": "1",
    }
    yield child_case("trtllm: loopback, from documents", "trtllm", settings, "loopback_api")


CASES = (template, llama_cpp, openai, anthropic, trtllm)


def trtllm_serve(folder: Path) -> Path:
    """A command that takes the arguments of trtllm-serve and is none."""
    binary = folder / "trtllm-serve"
    binary.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{LOOPBACK}" "$@"\n')
    binary.chmod(0o755)
    return binary


@contextmanager
def running(server: Served) -> Generator[Served]:
    """The server for the time of the block."""
    server.start()
    try:
        yield server
    finally:
        server.kill()


def url_case(label: str, engine: str, settings: Mapping[str, str], server: Served) -> Case:
    """An engine whose server is somebody else's."""
    return Case(label, engine, settings, kill=server.kill, restart=server.start, busy=lambda: running_at(server.url))


def child_case(label: str, engine: str, settings: Mapping[str, str], word: str) -> Case:
    """An engine that starts its server itself."""

    def kill() -> None:
        process = child_with(word)
        assert process is not None
        process.kill()

    def busy() -> int:
        process = child_with(word)
        assert process is not None
        return running_in(process)

    return Case(label, engine, settings, kill=kill, busy=busy)
