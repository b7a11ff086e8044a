# TensorRT-LLM as a server of its own, for `SPARK_INFERENCE_TRTLLM_URL` of Spark's inference service.
#
# This file has never been built or run: its base is 30 GB in a registry that asks for a login, and it needs an NVIDIA
# GPU. What it calls is what `services/inference/engines/trtllm.py` calls; a test holds the two together.
#
#   docker build -f infra/docker/inference.Dockerfile -t spark-trtllm infra/docker
#   docker run --gpus all --ipc host -v models:/models -p 127.0.0.1:8000:8000 spark-trtllm /models/NAME
#
# Spark then asks it with SPARK_INFERENCE_TRTLLM_URL=http://HOST:8000/v1 and SPARK_INFERENCE_TRTLLM_MODEL=NAME.

ARG BASE=nvcr.io/nvidia/tensorrt-llm/release:1.2.0
FROM ${BASE}

# What is derived from a model is kept with it, so that the next start does not make it again.
ENV TLLM_LLMAPI_BUILD_CACHE=1 \
    TLLM_LLMAPI_BUILD_CACHE_ROOT=/models/.cache
COPY trtllm.yaml /etc/spark/trtllm.yaml
RUN install -d -o 10001 -g 10001 /models
USER 10001:10001
ENV HOME=/tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
# A model takes minutes to load. The server says by /health that it serves.
HEALTHCHECK --interval=15s --timeout=5s --start-period=15m --retries=3 \
    CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
# `serve`, which is the default where the model comes first, must be said: here the options do, and the model comes last,
# as the argument of `docker run`. One container serves 8 generations at once.
ENTRYPOINT ["trtllm-serve", "serve", "--host", "0.0.0.0", "--port", "8000", "--max_batch_size", "8", \
    "--extra_llm_api_options", "/etc/spark/trtllm.yaml"]
