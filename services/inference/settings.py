"""What can be set about engines."""

from __future__ import annotations

from chassis.settings import AnySetting, Setting

ENGINES = Setting(
    "inference.engines",
    "SPARK_INFERENCE_ENGINES",
    "",
    "Engines in the order of preference, by comma: openai, anthropic, llama_cpp, trtllm, template; empty takes those "
    "that are configured, in this order",
)
LAZY = Setting("inference.lazy", "SPARK_INFERENCE_LAZY", "", "Engines, by comma, that are loaded at their first use")
CONCURRENCY = Setting(
    "inference.concurrency", "SPARK_INFERENCE_CONCURRENCY", 4, "Generations that run at once on an engine", 1, 512
)
QUEUE = Setting("inference.queue", "SPARK_INFERENCE_QUEUE", 16, "Requests that may wait for an engine", 0, 4096)
TIMEOUT_S = Setting(
    "inference.timeout_s", "SPARK_INFERENCE_TIMEOUT_S", 60.0, "Longest time of a generation, seconds", 0.1, 3600
)
START_TIMEOUT_S = Setting(
    "inference.start_timeout_s",
    "SPARK_INFERENCE_START_TIMEOUT_S",
    120.0,
    "Longest time in which an engine must be up and warm, seconds",
    1,
    7200,
)
MAX_TOKENS = Setting(
    "inference.max_tokens", "SPARK_INFERENCE_MAX_TOKENS", 160, "Output tokens where a request does not say", 1, 32768
)

OPENAI_URL = Setting(
    "inference.openai_url",
    "SPARK_INFERENCE_OPENAI_URL",
    "",
    "Base URL of an OpenAI-compatible server, with its /v1 where it has one: vLLM, NIM, Ollama, llama.cpp, hosted ones",
)
OPENAI_MODEL = Setting(
    "inference.openai_model",
    "SPARK_INFERENCE_OPENAI_MODEL",
    "",
    "Its model; empty takes the first that the server names",
)
OPENAI_KEY = Setting("inference.openai_key", "SPARK_INFERENCE_OPENAI_KEY", "", "Its key", secret=True)
OPENAI_JSON_SCHEMA = Setting(
    "inference.openai_json_schema",
    "SPARK_INFERENCE_OPENAI_JSON_SCHEMA",
    True,
    "Whether it obeys JSON schemas; where it does not, such requests are refused",
)
OPENAI_HOSTED = Setting(
    "inference.openai_hosted",
    "SPARK_INFERENCE_OPENAI_HOSTED",
    "auto",
    "Whether its calls cost money; auto says yes where it has a key",
    choices=("auto", "yes", "no"),
)

ANTHROPIC_MODEL = Setting("inference.anthropic_model", "SPARK_INFERENCE_ANTHROPIC_MODEL", "", "A model of Anthropic's")
ANTHROPIC_KEY = Setting("inference.anthropic_key", "SPARK_INFERENCE_ANTHROPIC_KEY", "", "Its key", secret=True)
ANTHROPIC_URL = Setting(
    "inference.anthropic_url", "SPARK_INFERENCE_ANTHROPIC_URL", "", "Where it is; empty takes Anthropic's own address"
)

GGUF = Setting(
    "inference.gguf", "SPARK_INFERENCE_GGUF", "", "Model file that llama.cpp serves here; needs the extra local-llm"
)
CONTEXT = Setting(
    "inference.context", "SPARK_INFERENCE_CONTEXT", 4096, "Its context for each generation, tokens", 256, 1 << 20
)
THREADS = Setting("inference.threads", "SPARK_INFERENCE_THREADS", 0, "Its threads; 0 takes all but one core", 0, 512)

TRTLLM_URL = Setting(
    "inference.trtllm_url",
    "SPARK_INFERENCE_TRTLLM_URL",
    "",
    "Base URL of a trtllm-serve that runs elsewhere; empty starts one here where a model is set",
)
TRTLLM_MODEL = Setting(
    "inference.trtllm_model", "SPARK_INFERENCE_TRTLLM_MODEL", "", "Its model: a folder with a checkpoint, or a name"
)
TRTLLM_BINARY = Setting(
    "inference.trtllm_binary",
    "SPARK_INFERENCE_TRTLLM_BINARY",
    "trtllm-serve",
    "The command that serves, by name or path; TensorRT-LLM needs an environment of its own",
)
TRTLLM_BATCH_SIZES = Setting(
    "inference.trtllm_cuda_graph_batch_sizes",
    "SPARK_INFERENCE_TRTLLM_CUDA_GRAPH_BATCH_SIZES",
    "1,2,4",
    "Batch sizes for which CUDA graphs are captured, rising, by comma; empty captures none",
)
TRTLLM_KV_REUSE = Setting(
    "inference.trtllm_kv_block_reuse",
    "SPARK_INFERENCE_TRTLLM_KV_BLOCK_REUSE",
    True,
    "Keep blocks of the KV cache for prompts that begin alike",
)
TRTLLM_KV_SHARE = Setting(
    "inference.trtllm_kv_memory",
    "SPARK_INFERENCE_TRTLLM_KV_MEMORY",
    0.85,
    "Share of the free GPU memory for the KV cache",
    0.05,
    0.98,
)
TRTLLM_BUILD_CACHE = Setting(
    "inference.trtllm_build_cache",
    "SPARK_INFERENCE_TRTLLM_BUILD_CACHE",
    True,
    "Keep built engines in SPARK_HOME, until the version or the model changes",
)

SETTINGS: tuple[AnySetting, ...] = (
    ENGINES,
    LAZY,
    CONCURRENCY,
    QUEUE,
    TIMEOUT_S,
    START_TIMEOUT_S,
    MAX_TOKENS,
    OPENAI_URL,
    OPENAI_MODEL,
    OPENAI_KEY,
    OPENAI_JSON_SCHEMA,
    OPENAI_HOSTED,
    ANTHROPIC_MODEL,
    ANTHROPIC_KEY,
    ANTHROPIC_URL,
    GGUF,
    CONTEXT,
    THREADS,
    TRTLLM_URL,
    TRTLLM_MODEL,
    TRTLLM_BINARY,
    TRTLLM_BATCH_SIZES,
    TRTLLM_KV_REUSE,
    TRTLLM_KV_SHARE,
    TRTLLM_BUILD_CACHE,
)


def names(text: str) -> tuple[str, ...]:
    """The items of a list by comma, each once."""
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
