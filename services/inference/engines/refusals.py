"""What went wrong at an engine, told without a word of what it said: a server may repeat keys and prompts."""

from __future__ import annotations

import re
from typing import cast

from services.inference.ports import EngineError

OVERLOADED = frozenset({429, 503, 529})
NOT_OURS_TO_REPEAT = frozenset({400, 413, 422})
"""The request itself is wrong: it would be so elsewhere too."""
LABEL = re.compile(r"[a-z][a-z_]{2,63}")


def broken(engine: str, error: Exception) -> EngineError:
    """The error of an SDK or its connection."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return answered(engine, status, label_of(error))
    name = type(error).__name__
    if name == "APITimeoutError":
        return EngineError(f"{engine} does not answer", gone=True)
    # The SDKs' own subclass for lost connections, and what their HTTP client raises in the middle of a stream.
    gone = name == "APIConnectionError" or name.endswith(("ConnectError", "ProtocolError", "ReadError"))
    return EngineError(f"{engine} cannot be reached or broke off" if gone else f"{engine} failed ({name})", gone=gone)


def answered(engine: str, status: int, label: str = "") -> EngineError:
    """A status that is no success."""
    said = f"{status} {label}".strip()
    if status in OVERLOADED:
        return EngineError(f"{engine} has no room ({said})", overloaded=True)
    if status in NOT_OURS_TO_REPEAT:
        return EngineError(f"{engine} refuses the request ({said})", transient=False)
    if status in {401, 403}:
        return EngineError(f"{engine} does not accept the key ({said})")
    return EngineError(f"{engine} failed ({said})")


def label_of(error: Exception) -> str:
    """The server's own name for the error, where it is a plain word."""
    body = getattr(error, "body", None)
    if not isinstance(body, dict):
        return ""
    fields = cast("dict[str, object]", body)
    inner = fields.get("error")
    if isinstance(inner, dict):
        fields = cast("dict[str, object]", inner)
    label = fields.get("type")
    return label if isinstance(label, str) and LABEL.fullmatch(label) else ""


def cut_short(engine: str) -> EngineError:
    """A stream that ended without its end."""
    return EngineError(f"{engine} broke off in the middle", gone=True)


def too_deep(engine: str) -> EngineError:
    """A request whose schema cannot be written down, so that it was not sent: it could not be elsewhere either."""
    return EngineError(f"{engine} cannot be given a schema that is nested so deeply", transient=False)


def refused_with(engine: str, why: str) -> EngineError:
    """An engine that cannot be used as it is set."""
    return EngineError(f"{engine} {why}")


def extra_missing(engine: str, package: str, extra: str) -> EngineError:
    """A package that is not installed."""
    return EngineError(f"{engine} needs the package {package}: pip install 'spark-advisory[{extra}]'")
