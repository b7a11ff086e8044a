"""How often a request may be tried again elsewhere, so that retries never multiply a load that breaks things. Pure."""

from __future__ import annotations

MOST = 5
"""Retries at once after a quiet time."""
PER_REQUEST = 0.1
"""Retries that each request earns, as gRPC's `retryThrottling.tokenRatio` in its documents."""

_WHOLE = 1000
"""Counted in thousandths: ten times 0.1 must make one."""


class RetryBudget:
    """A bucket of tokens: each request puts a share of one in, each retry takes one out."""

    def __init__(self, most: int = MOST, per_request: float = PER_REQUEST) -> None:
        self._most = most * _WHOLE
        self._share = round(per_request * _WHOLE)
        self._tokens = self._most

    def earn(self) -> None:
        """A request came."""
        self._tokens = min(self._most, self._tokens + self._share)

    def take(self) -> bool:
        """Whether one may be tried again; takes the token."""
        if self._tokens < _WHOLE:
            return False
        self._tokens -= _WHOLE
        return True
