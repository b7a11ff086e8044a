"""Which names say that their value is a secret."""

import re
from functools import lru_cache
from typing import NamedTuple

from gateway.redaction.vocabulary import BEFORE_PAT, HARMLESS_BEFORE_KEY, HARMLESS_BEFORE_TOKEN, SECRET_BEFORE_KEY


class SecretName(NamedTuple):
    """What a name promises about its value."""

    kind: str
    certain: bool
    """False for names that often hold something harmless (`key`, `next_token`): the value must look random too."""
    certain_if_exported: bool = False
    """As `certain`, where the name is spelled and assigned like an environment variable (`MAPS_KEY=...`)."""


STEMS = (b"pass", b"pwd", b"secret", b"token", b"key", b"credential", b"auth", b"_pat")
"""Lower-case: every secret name holds one of them."""

WORD = (
    r"(?:pass(?:word|wd|phrase|code)?s?|pwd|secrets?|tokens?|keys?|credentials?|auth|pat)"
    r"(?:[_-]?(?:[0-9]{1,3}|base|value|prod|live|test|dev|staging|old|new|primary|secondary|default))?"
)
"""The part of a secret name from its stem to its end, case ignored."""

_NAME = re.compile(rf"(?P<prefix>.*?)(?P<word>{WORD})", re.IGNORECASE | re.DOTALL)
_LONGEST_NAME = 80

_GLUED_TO_KEY = tuple(SECRET_BEFORE_KEY)
_SEPARATED = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+")


def secret_name(name: str) -> SecretName | None:
    """What a whole name (a variable, a field, a flag without its dashes) promises, or None for an ordinary name."""
    return _classified(name if len(name) <= _LONGEST_NAME else name[-_LONGEST_NAME:])


@lru_cache(maxsize=2048)
def _classified(name: str) -> SecretName | None:
    name = name.rpartition(".")[2]
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    prefix, word = match["prefix"], match["word"]
    separated = not prefix or not prefix[-1].isalpha() or (word[0].isupper() and prefix[-1].islower())
    words = _SEPARATED.findall(prefix)
    before = words[-1].lower() if words else ""
    stem = word.lower()
    if stem in ("keys", "tokens"):
        return SecretName(stem[:-1], False) if separated else None
    if stem.startswith("key"):
        return _key_name(name, before, separated)
    if stem.startswith("token"):
        harmless = before in HARMLESS_BEFORE_TOKEN
        return SecretName("token", bool(before) and not harmless, name.isupper() and not harmless)
    if stem.startswith(("passw", "passp", "passc", "pwd")):
        return SecretName("password", True)
    if stem.startswith("pass"):
        return SecretName("password", bool(prefix)) if separated else None
    if stem.startswith(("auth", "pat")):
        if stem.startswith("pat") and before not in BEFORE_PAT:
            return None
        return SecretName("token", stem.startswith("pat")) if separated else None
    return SecretName("credential" if stem.startswith("cred") else "secret", True)


def _key_name(name: str, before: str, separated: bool) -> SecretName | None:
    if not separated:
        glued = before.endswith(_GLUED_TO_KEY)
        return SecretName("key", True) if glued else None
    exported = name.isupper() and before not in HARMLESS_BEFORE_KEY
    return SecretName("key", before in SECRET_BEFORE_KEY, exported)
