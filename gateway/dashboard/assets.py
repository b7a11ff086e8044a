"""Style sheet, scripts and pictures: read once, and named by what is in them, so that a browser keeps them for good."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
FOR_GOOD = "public, max-age=31536000, immutable"
DIGEST_CHARS = 12


class Assets:
    """Files by name. There is nothing of anybody's in them, so that they are served to everybody."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._contents = contents
        self._digests = {name: hashlib.sha256(content).hexdigest()[:DIGEST_CHARS] for name, content in contents.items()}

    @property
    def route(self) -> Route:
        """The route to serve them by."""
        return Route("/static/{digest}/{name}", self.get)

    def address(self, name: str) -> str:
        """Where a file is found; another content is found elsewhere."""
        return f"/static/{self._digests[name]}/{name}"

    async def get(self, request: Request) -> Response:
        """One file; an address from before an update leads to what is there now, which is then asked for each time."""
        name = request.path_params["name"]
        content = self._contents.get(name)
        if content is None:
            return Response(status_code=404)
        current = request.path_params["digest"] == self._digests[name]
        headers = {"cache-control": FOR_GOOD if current else "no-cache", "x-content-type-options": "nosniff"}
        return Response(content, media_type=TYPES[name.rpartition(".")[2]], headers=headers)
