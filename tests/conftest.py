"""What holds for all tests."""

import os

import pytest
from hypothesis import settings

# As memory does before it reads the weights; here others may have imported NumPy by then.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The machines that run this are shared: how long an example takes says nothing about the code.
settings.register_profile("spark", deadline=None)
settings.load_profile("spark")

NO_CONTAINERS = "containers take minutes; `make containers` runs them, and so does CI"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Containers run where they are asked for and in CI: the tests of every day must not take as long."""
    if os.environ.get("CI") or os.environ.get("CONTAINERS"):
        return
    for item in items:
        if item.get_closest_marker("containers") is not None:
            item.add_marker(pytest.mark.skip(reason=NO_CONTAINERS))
