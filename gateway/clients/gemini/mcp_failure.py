"""What an MCP server said of a failed call, taken out of the sentence that Gemini CLI 0.61.0 puts around it.

The sentence repeats the whole call, so that the words that matter would lie behind the end of any excerpt, and one
failure would read differently here and in other clients.
"""

from __future__ import annotations

import json
import re
from typing import Final

from gateway.clients.fields import Payload, mapping, objects

BEFORE_CALL: Final = re.compile(r"MCP tool '[^']*' reported tool error for function call: ")
BEFORE_RESPONSE: Final = " with response: "


def server_said(message: str) -> str:
    """The texts of the server's response, a line each; the message itself where it has another form or no text."""
    begins = BEFORE_CALL.match(message)
    if begins is None:
        return message
    try:
        # Past the call by reading it: its arguments may have any words.
        _, end = json.JSONDecoder().raw_decode(message, begins.end())
        if not message.startswith(BEFORE_RESPONSE, end):
            return message
        parts = json.loads(message[end + len(BEFORE_RESPONSE) :])
    except (ValueError, RecursionError):
        return message
    return "\n".join(text for part in objects(parts) for text in texts_of(part)) or message


def texts_of(part: Payload) -> list[str]:
    """The texts in one part of a response."""
    content = mapping(mapping(part, "functionResponse"), "response").get("content")
    texts = [one.get("text") for one in objects(content)]
    return [text for text in texts if isinstance(text, str)]
