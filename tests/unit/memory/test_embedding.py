"""The model in NumPy against figures of the same model elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest

from services.memory.embedding import WIDTH, Embedder, gelu
from tests.weights import needs_weights


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder.load()


def test_gelu_is_that_of_the_error_function() -> None:
    x = np.linspace(-6, 6, 2001, dtype=np.float32)
    exact = [float(each) * (1 + math.erf(float(each) / math.sqrt(2))) / 2 for each in x]
    assert gelu(x) == pytest.approx(exact, abs=2e-6)


@needs_weights
def test_similarities_are_those_that_the_model_has_elsewhere(embedder: Embedder) -> None:
    """As the Hugging Face inference API answers for sentence-transformers/all-MiniLM-L6-v2."""
    one, *others = embedder.embed(
        ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    )
    assert [float(one @ other) for other in others] == pytest.approx([0.69458, 0.94292, 0.25688], abs=1e-4)


@needs_weights
@pytest.mark.parametrize("text", ["", " ", "🙂", "\n\n", "x" * 65_536, "word " * 5_000, "自転車は青"])
def test_any_text_has_a_vector_of_length_one(embedder: Embedder, text: str) -> None:
    (vector,) = embedder.embed([text])
    assert vector.shape == (WIDTH,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@needs_weights
def test_no_text_has_no_vector(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, WIDTH)
