"""An MCP server with one tool that refuses whatever it is asked, in words that nobody can know; they are its argument.

It stands alone, for it is a client that starts it: ``python made_up_server.py WORDS``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

SERVER = "depot"
TOOL = "lookup"

Json = dict[str, Any]


def answer(method: str, params: Json, refusal: str) -> Json:
    """The result of a request."""
    match method:
        case "initialize":
            version, info = params["protocolVersion"], {"name": SERVER, "version": "1"}
            return {"protocolVersion": version, "capabilities": dict[str, Any](tools={}), "serverInfo": info}
        case "tools/list":
            values: Json = {"type": "object", "properties": {"item": {"type": "string"}}}
            return {"tools": [{"name": TOOL, "description": "Looks an item up.", "inputSchema": values}]}
        case "tools/call":
            return {"content": [{"type": "text", "text": refusal}], "isError": True}
        case _:
            return {}


def main() -> None:
    """Answers until its input ends."""
    for line in sys.stdin:
        request: Json = json.loads(line)
        if "id" in request:
            result = answer(request["method"], request.get("params") or {}, sys.argv[1])
            print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)


if __name__ == "__main__":
    main()
