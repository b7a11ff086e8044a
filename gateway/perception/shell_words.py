"""Splitting shell text into words and operators, as agents write it: tolerant, linear in time, never raising."""

from __future__ import annotations

import re

MAX_COMMAND = 16_384
"""Characters of a command that are read; what follows is a heredoc's or a script's tail and names no other command."""

MAX_WORDS = 1_024
"""Words and operators read of a command: generous for a hand-written script, a bound for a generated one."""

_MAX_NESTING = 8
"""Substitutions inside substitutions beyond this depth are taken as one opaque word."""

OPERATORS = frozenset({"&&", "||", "|", "|&", ";", "&", ";;", ";&", ";;&", "\n", "(", ")"})

# Raw words keep their quotes, so that no word can be mistaken for an operator.
_BLANK = re.compile(r"(?:[ \t\r]|\\\r?\n)++")
_WORD = re.compile(r"""(?:[^\s;&|()<>"'`\\$]++|'[^']*+'|"[^"`$\\]*+"|\$[\w@*?!-]|\\[^\n])++""")
_REDIRECT = re.compile(r"(?:\d++|&)?(?:[<>]&(?:\d++|-)|<<<|>>|>\||>&|<&|<>|>(?!\()|<(?![<(]))")
_HEREDOC = re.compile(r"""\d*+<<(-?)[ \t]*+(?:'([^'\n]*+)'|"([^"\n]*+)"|\\?([^\s;&|()<>'"]++))""")
_OPERATOR = re.compile(r"&&|\|\||\|&|;;&|;;|;&|[;&|\n()]")
_INSIDE = re.compile(r"""\\.|['"`()]|(?<!<)<<(?!<)""", re.DOTALL)
_INSIDE_DOUBLE = re.compile(r'\\.|"|`|\$\(', re.DOTALL)
_QUOTES = re.compile(r"""\\\n|\\(.)|\$?'([^']*+)'?|"((?:[^"\\]|\\.)*+)"?""", re.DOTALL)


def words(command: str) -> list[str]:
    """The raw words (quotes kept) and operators of a command, without redirections, heredoc bodies and comments."""
    text = command if len(command) <= MAX_COMMAND else command[:MAX_COMMAND]
    end = len(text)
    found: list[str] = []
    heredocs: list[tuple[str, bool]] = []
    at = 0
    drop_next = False
    while at < end and len(found) < MAX_WORDS:
        char = text[at]
        if char in " \t\r\\" and (blank := _BLANK.match(text, at)):
            at = blank.end()
            continue
        if char == "#":
            newline = text.find("\n", at)
            at = end if newline < 0 else newline
            continue
        if char in "<>&0123456789":
            if heredoc := _HEREDOC.match(text, at):
                heredocs.append((heredoc[2] or heredoc[3] or heredoc[4] or "", bool(heredoc[1])))
                at = heredoc.end()
                continue
            if redirect := _REDIRECT.match(text, at):
                drop_next = redirect[0][-1] in "<>&|"
                at = redirect.end()
                continue
        if char in "&|;\n()" and (operator := _OPERATOR.match(text, at)):
            found.append(operator[0])
            at = operator.end()
            drop_next = False
            if char == "\n" and heredocs:
                at = _after_bodies(text, at, heredocs)
                heredocs.clear()
            continue
        stop = _word_end(text, at)
        if not drop_next:
            found.append(text[at:stop])
        drop_next = False
        at = stop
    return found


def unquote(word: str) -> str:
    """A raw word without its quotes and escapes; substitutions stay as they are written."""
    if "'" not in word and '"' not in word and "\\" not in word:
        return word
    return _QUOTES.sub(lambda piece: piece[1] or piece[2] or piece[3] or "", word)


def _word_end(text: str, start: int) -> int:
    at = start
    end = len(text)
    while at < end:
        if plain := _WORD.match(text, at):
            at = plain.end()
            if at >= end:
                break
        char = text[at]
        if char in " \t\r\n;&|()":
            break
        if char in "<>":
            if not text.startswith("(", at + 1):
                break
            at = _substitution_end(text, at + 2, 0)
        elif char == "$":
            at = _dollar_end(text, at)
        elif char == '"':
            at = _double_end(text, at + 1, 0)
        elif char == "\\" and at + 1 < end:
            if text[at + 1] == "\n":
                break
            at += 2
        else:
            # An unbalanced quote: the shell would wait for more, so the rest is one word.
            closing = text.find(char, at + 1) if char in "'`" else at
            at = end if closing < 0 else closing + 1
    return max(at, start + 1)


def _dollar_end(text: str, at: int) -> int:
    following = text[at + 1 : at + 2]
    if following == "(":
        return _substitution_end(text, at + 2, 0)
    if following in ("{", "'"):
        closing = text.find("}" if following == "{" else "'", at + 2)
        return len(text) if closing < 0 else closing + 1
    return at + 1


def _double_end(text: str, at: int, depth: int) -> int:
    while found := _INSIDE_DOUBLE.search(text, at):
        piece = found[0]
        if piece == '"':
            return found.end()
        if piece == "`":
            closing = text.find("`", found.end())
            at = len(text) if closing < 0 else closing + 1
        elif piece == "$(":
            at = _substitution_end(text, found.end(), depth + 1)
        else:
            at = found.end()
    return len(text)


def _substitution_end(text: str, at: int, depth: int) -> int:
    if depth > _MAX_NESTING:
        return len(text)
    open_parens = 1
    while found := _INSIDE.search(text, at):
        piece = found[0]
        at = found.end()
        if piece == "(":
            open_parens += 1
        elif piece == ")":
            open_parens -= 1
            if not open_parens:
                return at
        elif piece == '"':
            at = _double_end(text, at, depth)
        elif piece in "'`":
            closing = text.find(piece, at)
            at = len(text) if closing < 0 else closing + 1
        elif piece == "<<" and (heredoc := _HEREDOC.match(text, found.start())):
            # Prose in a commit message holds lone apostrophes: the body must not be read as shell.
            newline = text.find("\n", heredoc.end())
            if newline < 0:
                return len(text)
            at = _after_bodies(text, newline + 1, [(heredoc[2] or heredoc[3] or heredoc[4] or "", bool(heredoc[1]))])
    return len(text)


def _after_bodies(text: str, at: int, heredocs: list[tuple[str, bool]]) -> int:
    for delimiter, tabs in heredocs:
        while True:
            newline = text.find("\n", at)
            line = text[at:] if newline < 0 else text[at:newline]
            at = len(text) if newline < 0 else newline + 1
            if (line.lstrip("\t") if tabs else line).rstrip("\r") == delimiter or newline < 0:
                break
    return at
