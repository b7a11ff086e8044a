"""A text from outside as it may be kept."""

from __future__ import annotations

from gateway.redaction import redact_text


def cleaned(text: str) -> str:
    """The text without NULs, which Postgres cannot keep, and then without secrets, which a NUL must not hide."""
    return redact_text(text.replace("\0", ""))
