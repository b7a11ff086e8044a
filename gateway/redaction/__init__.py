"""Removes secrets from what a client sends, before anything is stored, published, logged or advised.

Pure functions over text and JSON: `cut` bounds a field without leaving half a secret at the edge, `redact_payload`
cleans a whole hook payload, `redact_text` a single text.
"""

from gateway.redaction.bounded import FIELD_LIMIT_BYTES, cut, cut_payload
from gateway.redaction.payload import redact_payload
from gateway.redaction.reading import may_hold_secrets
from gateway.redaction.text import redact_text

__all__ = ["FIELD_LIMIT_BYTES", "cut", "cut_payload", "may_hold_secrets", "redact_payload", "redact_text"]
