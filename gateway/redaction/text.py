"""Finds and removes every secret of one text."""

from itertools import chain

from gateway.redaction.assignments import find_assigned
from gateway.redaction.credentials import find_credentials
from gateway.redaction.dotenv import find_dotenv
from gateway.redaction.haystack import Haystack
from gateway.redaction.private_keys import find_private_keys
from gateway.redaction.spans import Reading, Span, merged, replaced
from gateway.redaction.tokens import find_tokens

_SHORTEST_TEXT = 8
"""Characters. Nothing shorter can hold a secret that is recognised."""


def redact_text(text: str) -> str:
    """The text with each secret replaced by `[redacted:<kind>]`; what surrounds it stays, and it never raises."""
    return replaced(text, find_secrets(text))


def find_secrets(text: str, reading: Reading = Reading.ORDINARY) -> list[Span]:
    """The secrets of a text, in order and without overlap; time grows with the text's length alone."""
    if len(text) < _SHORTEST_TEXT:
        return []
    haystack = Haystack.of(text)
    return merged(
        chain(
            find_tokens(haystack),
            find_assigned(haystack, reading),
            find_credentials(haystack, reading),
            find_private_keys(haystack),
            find_dotenv(haystack, reading),
        )
    )
