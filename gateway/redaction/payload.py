"""Removes the secrets of a whole hook payload."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import cast

from gateway.redaction.names import SecretName, secret_name
from gateway.redaction.reading import reading_of
from gateway.redaction.spans import Reading, Span, replaced, tag
from gateway.redaction.text import find_secrets
from gateway.redaction.values import is_written_out

DEEPEST = 64
"""Levels of nesting that are looked into. Hook payloads have fewer than ten; what lies deeper is removed unseen."""

_LONGEST_KEY = 64
_SHORTEST_SECRET_NUMBER = 1000


def redact_payload(payload: Mapping[str, object]) -> tuple[dict[str, object], int]:
    """The payload without its secrets, and how many were removed; the original stays as it is.

    Strings are judged by themselves, by the key they stand under, and by the files that their tool call names: in a
    call about a `.env` file every assigned value is a secret. Keys are cleaned too. Parts without a secret are shared
    with the original. Never raises on JSON values of any shape or depth.
    """
    document = dict(payload)
    if _is_clean(document):
        return document, 0
    cleaning = _Cleaning()
    return cast("dict[str, object]", cleaning.cleaned(document, Reading.ORDINARY, DEEPEST)), cleaning.count


def _is_clean(payload: dict[str, object]) -> bool:
    # One scan over all strings costs a fraction of one scan per string; only what is found is worth a second look.
    texts: list[str] = []
    pending: list[tuple[object, int]] = [(payload, DEEPEST)]
    while pending:
        value, levels = pending.pop()
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict):
            items = cast("dict[str, object]", value)
            if levels == 0 or "value" in items or not all(map(_is_clean_key, items)):
                return False
            if "tool_input" in items and reading_of(items):
                return False
            pending += ((item, levels - 1) for item in items.values())
        elif isinstance(value, list):
            items = cast("list[object]", value)
            if levels == 0 or any(map(_flag_name, items)):
                return False
            texts.append("\n".join(item for item in items if isinstance(item, str)))
            pending += ((item, levels - 1) for item in items if not isinstance(item, str))
    # NUL bounds every value, and the line end lets the text that follows begin its line.
    return not find_secrets("\x00\n".join(texts))


def _is_clean_key(key: str) -> bool:
    return len(key) <= _LONGEST_KEY and _is_clean_name(key)


@lru_cache(maxsize=1024)
def _is_clean_name(key: str) -> bool:
    # Payloads repeat a few dozen keys for ever; to scan them each time would double the work on a small one.
    return secret_name(key) is None and not find_secrets(key)


def _flag_name(item: object) -> SecretName | None:
    # The value of a flag is the next argument: `["--password", "..."]`.
    return secret_name(item.lstrip("-")) if isinstance(item, str) and item.startswith("-") else None


class _Cleaning:
    """One pass over a payload, counting what it removes."""

    def __init__(self) -> None:
        self.count = 0

    def cleaned(self, value: object, reading: Reading, levels: int, name: SecretName | None = None) -> object:
        if isinstance(value, str):
            return self._text(value, reading, name)
        if isinstance(value, dict):
            return self._object(cast("dict[str, object]", value), reading, levels, name)
        if isinstance(value, list):
            return self._array(cast("list[object]", value), reading, levels, name)
        if name and name.kind == "password" and isinstance(value, int) and abs(value) >= _SHORTEST_SECRET_NUMBER:
            return self._whole(name.kind)
        return value

    def _whole(self, kind: str) -> str:
        self.count += 1
        return tag(kind)

    def _text(self, text: str, reading: Reading, name: SecretName | None) -> str:
        if name and is_written_out(text, certain=name.certain, quoted=True, bare_words=True):
            return self._whole(name.kind)
        spans = find_secrets(text, reading)
        self.count += len(spans)
        return replaced(text, spans) if spans else text

    def _object(
        self, items: Mapping[str, object], reading: Reading, levels: int, name: SecretName | None
    ) -> dict[str, object] | str:
        if levels == 0:
            return self._whole("depth")
        if "tool_input" in items:
            reading = reading_of(items)
        named = items.get("name", items.get("key"))
        cleaned: dict[str, object] = {}
        for key, value in items.items():
            owner = secret_name(key) or name
            if owner is None and key.lower() == "value" and isinstance(named, str):
                owner = secret_name(named)
            cleaned[self._text(key, reading, None)] = self.cleaned(value, reading, levels - 1, owner)
        return cleaned

    def _array(self, items: list[object], reading: Reading, levels: int, name: SecretName | None) -> list[object] | str:
        if levels == 0:
            return self._whole("depth")
        if name or not all(isinstance(item, str) for item in items):
            return [self.cleaned(item, reading, levels - 1, name) for item in items]
        lines = cast("list[str]", items)
        if any(map(_flag_name, lines)):
            return [
                self._text(line, reading, _flag_name(flag)) for flag, line in zip(["", *lines], lines, strict=False)
            ]
        return list(self._lines(lines, reading))

    def _lines(self, lines: list[str], reading: Reading) -> Iterator[str]:
        # The lines of a patch are one text: a key block spans them.
        spans = find_secrets("\n".join(lines), reading)
        self.count += len(spans)
        start = 0
        for line in lines:
            end = start + len(line)
            inside = (
                Span(max(span.start, start) - start, min(span.end, end) - start, span.kind)
                for span in spans
                if span.start < end and span.end > start
            )
            yield replaced(line, inside)
            start = end + 1
