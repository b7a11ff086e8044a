"""Pages out of templates. All that comes from tools, prompts and users is escaped; nothing runs that is not ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from gateway import phrases
from gateway.dashboard import formats
from gateway.dashboard.assets import Assets

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Without a referrer a browser would send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

FILTERS: Mapping[str, Callable[..., str]] = {
    "number": formats.number,
    "percent": formats.percent,
    "ms": formats.milliseconds,
    "money": formats.money,
    "clock": formats.clock,
    "moment": formats.moment,
    "iso": formats.iso,
    "ago": formats.ago,
    "short": formats.short,
    "one_line": formats.one_line,
    "times": formats.times,
}


class Pages:
    """The templates, ready to be filled."""

    def __init__(self, assets: Assets, version: str) -> None:
        self._environment = Environment(
            loader=PackageLoader("gateway.dashboard"),
            autoescape=True,
            finalize=formats.in_order,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(FILTERS)
        self._known: dict[str, Any] = {
            "static": assets.address,
            "share": formats.share,
            "many": formats.many,
            "words": phrases,
            "words_for": phrases.words_for,
            "project_name": formats.project_name,
            "zone": formats.zone,
            "version": version,
        }

    def text(self, template: str, values: Mapping[str, Any]) -> str:
        """A part of a page."""
        # As globals they reach macros too, which see nothing of a page's own values.
        return self._environment.get_template(template, globals=self._known).render(values)

    def page(self, template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
        """A whole page."""
        values = {"here": "", "form_token": "", "made_at": datetime.now(UTC).astimezone(), **values}
        return HTMLResponse(self.text(template, values), status, HEADERS)


def style_and_scripts() -> Mapping[str, bytes]:
    """The files that pages refer to, by name."""
    folder = files("gateway.dashboard") / "static"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
