"""Which engines there are, by the settings."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from chassis.settings import BadSetting, Settings
from services.inference import settings as known
from services.inference.engines import llama_cpp, template, trtllm
from services.inference.engines.anthropic_messages import Account, AnthropicMessages
from services.inference.engines.llama_cpp import LlamaCpp, LocalModel
from services.inference.engines.openai_compatible import OpenAICompatible, Where
from services.inference.engines.template import Template
from services.inference.engines.trtllm import TrtLlm
from services.inference.engines.trtllm_config import Plan
from services.inference.engines.unset import Unset
from services.inference.manifest import Manifest
from services.inference.ports import Engine

Build = Callable[[Settings, Path], "Engine | None"]


def engines(settings: Settings, home: Path | None) -> list[Engine]:
    """The engines in the order of preference; one that is named but not configured stands there and says so.

    Raises:
        BadSetting: for a name that is no engine's.
    """
    folder = (home or Path(tempfile.gettempdir()) / "spark") / "inference"
    named = known.names(settings[known.ENGINES])
    for name in (*named, *lazy(settings)):
        if name not in BUILDERS:
            raise BadSetting(f"{known.ENGINES.environment}: no engine {name!r}; there are: {', '.join(BUILDERS)}")
    if named:
        return [BUILDERS[name](settings, folder) or Unset(name) for name in named]
    return [engine for build in BUILDERS.values() if (engine := build(settings, folder)) is not None]


def lazy(settings: Settings) -> tuple[str, ...]:
    """Names of the engines that are loaded at their first use."""
    return known.names(settings[known.LAZY])


def openai(settings: Settings, _: Path) -> Engine | None:
    """The OpenAI-compatible server."""
    url, key = settings[known.OPENAI_URL], settings[known.OPENAI_KEY]
    if not url:
        return None
    hosted = {"yes": True, "no": False}.get(settings[known.OPENAI_HOSTED], bool(key))
    where = Where(url, settings[known.OPENAI_MODEL], key, hosted, settings[known.OPENAI_JSON_SCHEMA])
    return OpenAICompatible("openai", "openai", where)


def anthropic(settings: Settings, _: Path) -> Engine | None:
    """Anthropic's API."""
    model = settings[known.ANTHROPIC_MODEL]
    if not model:
        return None
    return AnthropicMessages(Account(model, settings[known.ANTHROPIC_KEY], settings[known.ANTHROPIC_URL]))


def local(settings: Settings, folder: Path) -> Engine | None:
    """A GGUF file."""
    path = settings[known.GGUF]
    if not path:
        return None
    concurrency, threads = settings[known.CONCURRENCY], settings[known.THREADS]
    model = LocalModel(Path(path).expanduser().absolute(), settings[known.CONTEXT], concurrency, threads)
    return LlamaCpp(model, folder, Manifest(folder))


def tensorrt(settings: Settings, folder: Path) -> Engine | None:
    """A trtllm-serve, elsewhere or here."""
    url, model = settings[known.TRTLLM_URL], settings[known.TRTLLM_MODEL]
    if url:
        return OpenAICompatible(trtllm.NAME, trtllm.NAME, Where(url, model))
    if not model:
        return None
    plan = Plan(
        model,
        settings[known.CONCURRENCY],
        known.names(settings[known.TRTLLM_BATCH_SIZES]),
        settings[known.TRTLLM_KV_REUSE],
        settings[known.TRTLLM_KV_SHARE],
        settings[known.TRTLLM_BUILD_CACHE],
    )
    return TrtLlm(settings[known.TRTLLM_BINARY], plan, folder, Manifest(folder))


def words(_: Settings, __: Path) -> Engine | None:
    """The one that needs nothing."""
    return Template()


BUILDERS: Mapping[str, Build] = {
    "openai": openai,
    "anthropic": anthropic,
    llama_cpp.NAME: local,
    trtllm.NAME: tensorrt,
    template.NAME: words,
}
