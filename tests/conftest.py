"""What holds for all tests."""

import os

from hypothesis import settings

# As memory does before it reads the weights; here others may have imported NumPy by then.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The machines that run this are shared: how long an example takes says nothing about the code.
settings.register_profile("spark", deadline=None)
settings.load_profile("spark")
