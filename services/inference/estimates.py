"""Token counts where an engine gives none. Pure."""

from __future__ import annotations

from services.inference.model import Prompt, Usage

CHARS_PER_TOKEN = 4
"""The rule of thumb that OpenAI and Anthropic give for English."""


def estimated(prompt: Prompt, output_chars: int) -> Usage:
    """What a generation took so far, by the length of its texts."""
    asked = sum(len(message.text) for message in prompt.messages)
    return Usage(tokens_in(asked), tokens_in(output_chars), counted_by_engine=False)


def tokens_in(chars: int) -> int:
    """Tokens in so many characters, rounded up."""
    return -(-chars // CHARS_PER_TOKEN)
