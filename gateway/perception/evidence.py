"""Finding the first rule of a table that holds in a text."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.perception.rule import Rule, folded_words

# Around a fragment a line is cut to a terminal's width or two, and few lines are tried: this bounds the worst text.
_LINE_BEFORE = 160
_LINE_BEHIND = 200
_MAX_TRIES = 5


class Table:
    """Rules in order of precedence, made ready for searching."""

    def __init__(self, *groups: Iterable[Rule]) -> None:
        self.rules = tuple(rule for group in groups for rule in group)
        self._words = tuple(
            frozenset(needle.word for needle in rule.needles) if all(needle.word for needle in rule.needles) else None
            for rule in self.rules
        )
        self._all_words = frozenset(needle.word for rule in self.rules for needle in rule.needles)

    def first_match(self, text: str) -> tuple[Rule, str] | None:
        """The first rule that holds in the text, and the salient part it found; None where none holds."""
        # Most rules are ruled out by a set of words; only the rest are worth searching the text for.
        here = folded_words(text) & self._all_words
        here.add(b"")
        for rule, words in zip(self.rules, self._words, strict=True):
            if words is not None and words.isdisjoint(here):
                continue
            whole: str | None = None
            for needle in rule.needles:
                if needle.word in here and (at := text.find(needle.text)) >= 0:
                    found, line = _salient(rule, needle.text, text, at)
                    if found is not None:
                        return rule, found
                    whole = whole or line
            if whole is not None:
                return rule, whole
        return None


def _salient(rule: Rule, needle: str, text: str, at: int) -> tuple[str | None, str | None]:
    whole: str | None = None
    for _ in range(_MAX_TRIES):
        end = text.find("\n", at)
        if end < 0:
            end = len(text)
        start = text.rfind("\n", 0, at) + 1
        line = text[max(start, at - _LINE_BEFORE) : min(end, at + _LINE_BEHIND)].rstrip()
        if rule.pattern is None:
            return line, None
        if match := rule.pattern.search(line):
            return (match[match.lastindex] if match.lastindex else line), None
        if rule.loose and whole is None:
            whole = line
        at = text.find(needle, end)
        if at < 0:
            break
    return None, whole
