"""Tests that need the weights of the embeddings, 84 MB that not everybody has."""

from __future__ import annotations

import os

import pytest

from services.memory.meaning import installed

# In CI a skip would be a failure that nobody sees.
needs_weights = pytest.mark.skipif(
    not installed() and not os.environ.get("CI"), reason="the weights are not installed: `make semantic`"
)
