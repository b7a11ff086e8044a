"""Which values are secrets written out, and which are references, code, types, paths or placeholders."""

import re

from gateway.redaction.spans import TAG_OPENING
from gateway.redaction.vocabulary import ORDINARY_VALUES, SENTENCE_WORDS

_SHORTEST = 4
"""Characters. Shorter values cannot be told from code and are no secret worth the name."""
_SHORTEST_RANDOM = 8
_SHORTEST_RANDOM_IN_CODE = 16
"""Characters. Expressions hold names such as `b64encode` and `sha256sum`."""
_SHORTEST_NUMBER = 6
"""Digits: below are counts and sizes, from here on one-time codes and PINs."""

_REFERENCE = re.compile(
    r"\$[A-Za-z_]\w*|\$env:\w+|\$\(.*|\$\{[^{}]*\}?|%[A-Za-z_]\w*%|%\(\w+\)s|%[sdvq]|[:@][a-z_]+"
    r"|\{\{[^{}]*\}\}|\{[\w.:!\[\]'\"-]*\}?|#\{[^{}]*\}|<[\w .:|/-]*>|<%.*%>"
    r"|!(?i:vault|secret|env|ref|sub|getatt|join|include|reference)\b.*"
    r"|(?:op|vault|ref\+\w+|secretsmanager|ssm)://.*|arn:aws[\w-]*:\w+:.*"
    r"|(?:secrets|vars?|env|process\.env|import\.meta\.env|os\.environ|local|data|module|each)\.[\w.\[\]\"'-]+",
    re.DOTALL,
)
_PLACEHOLDER = re.compile(
    r"[*•.…_#?-]{3,}|[xX]{3,}(?:[-_][xX]{3,})*[-_]?|(?i:your|insert|enter|replace|put)[-_ ][A-Za-z_ -]*"
    r"|(?i:my|some|the)[-_ ](?:api|secret|access|auth)?[-_ ]?(?:key|token|password|secret)"
)
_INTERPOLATION = re.compile(r"\$?\{[^{}]{0,200}\}|<[\w .:-]{1,40}>|\$[A-Za-z_]\w*|%[sdv]|%\(\w+\)s")
_PLAIN = re.compile(r"[A-Za-z _:./,@()-]*")
_VARIABLE_NAME = re.compile(r"[A-Z]+(?:_[A-Z]+)*_(?:KEY|TOKEN|SECRET|PASSWORD|PASSPHRASE|CREDENTIALS?)")

# Calls, subscripts, literals of collections and attributes; no character that only a password would have.
_EXPRESSION = re.compile(
    r"(?:[A-Za-z_][\w.:>-]*!?)?[(\[{][\w.,:=*\"'\[\](){}&>%/ -]*|[A-Za-z_]\w*(?:(?:\.|::|->|\?\.)[A-Za-z_]\w*)+[!?]?"
)
_UNARY = re.compile(r"[!*&~+<-]{1,2}[A-Za-z_][\w.>-]*(?:[(\[].*)?|/.+/[a-z]*|[!~+<>=|-]{1,3}", re.DOTALL)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_NAMED_AFTER_SECRET = re.compile(r"(?i)\w*(?:key|token|secret|passw|pwd|cred|auth)\w*")

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PATH = re.compile(
    r"(?:~|\.{1,2})?(?:/[\w.@+-]*)+|[A-Za-z]:\\[\w\\ .-]*|[A-Za-z_.@-]+(?:/[A-Za-z_.@-]+)+"
    r"|[\w-]+\.(?:pem|key|txt|json|ya?ml|env|crt|pub)"
)
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://\S*")

_SEGMENTS = re.compile(r"[-_:./ ,@#=+\\?&()\[\]{}<>!*;|'\"$%^~]")
# Words in any spelling (`fieldName`, `HTTPServer`, `item12`) or a number. Nothing in it can be matched in two ways.
_NAMED_SEGMENT = re.compile(
    r"(?:[A-Z]?[a-z]{1,20}+|[A-Z]{1,20}?(?=[A-Z][a-z]|[^A-Za-z]|\Z)){1,6}+[0-9]{0,4}|[A-Z]{1,20}|[0-9]{1,14}"
)
_EVERY_CLASS = re.compile(r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])[^!@#$%^&*~?|]*[!@#$%^&*~?|]")
_MIXED = re.compile(r"[0-9]|\w[!@#$%^&*+=~|?]+\w")
_PROSE = SENTENCE_WORDS | ORDINARY_VALUES


def is_written_out(value: str, *, certain: bool, quoted: bool, bare_words: bool) -> bool:
    """Whether the value given to a secret name is the secret itself.

    `certain` is the name's promise, `quoted` that the value stood between quotes, `bare_words` that in this place an
    unquoted word is a value (a shell assignment, a URL query, a configuration file) and not a variable.
    """
    value = value.strip()
    if len(value) < _SHORTEST or value.startswith(TAG_OPENING) or _is_stand_in(value):
        return False
    if value.isdecimal():
        return certain and len(value) >= _SHORTEST_NUMBER
    if not quoted:
        if _EXPRESSION.fullmatch(value):
            return _has_drawn_segment(value, _SHORTEST_RANDOM if bare_words else _SHORTEST_RANDOM_IN_CODE)
        if not bare_words and _UNARY.fullmatch(value):
            return False
    if not certain:
        return looks_random(value)
    if quoted:
        return not _VARIABLE_NAME.fullmatch(value)
    if _IDENTIFIER.fullmatch(value):
        return bare_words or (is_mixed(value) and not is_named_after_secret(value))
    return True


def _is_stand_in(value: str) -> bool:
    # Something that says where the secret is, or that none is here.
    if value.lower() in ORDINARY_VALUES or _PLACEHOLDER.fullmatch(value):
        return True
    if _has_drawn_segment(value):
        return False
    constant = _INTERPOLATION.sub("", value)
    if constant != value and _PLAIN.fullmatch(constant):
        return True
    return any(shape.fullmatch(value) for shape in (_REFERENCE, _PATH, _URL))


def is_named_after_secret(value: str) -> bool:
    """Whether a bare word is itself the name of a secret, as in `password=db_password`."""
    return _NAMED_AFTER_SECRET.fullmatch(value) is not None and not _has_drawn_segment(value)


def is_phrase(value: str) -> bool:
    """Whether several bare words are a passphrase and not a sentence about one."""
    words = value.split()
    return len(words) > 1 and all(word.isalnum() and word.lower() not in _PROSE for word in words)


def is_mixed(value: str) -> bool:
    """Whether a value holds a digit, or punctuation inside it that no word has."""
    return _MIXED.search(value) is not None


def looks_random(value: str) -> bool:
    """Whether a value was drawn and not named: no word, number, path, identifier or UUID, from 8 characters on."""
    if len(value) < _SHORTEST_RANDOM or any(map(str.isspace, value)) or _UUID.fullmatch(value):
        return False
    return _EVERY_CLASS.match(value) is not None or _has_drawn_segment(value)


def _has_drawn_segment(value: str, shortest: int = _SHORTEST_RANDOM) -> bool:
    return any(len(segment) >= shortest and not _NAMED_SEGMENT.fullmatch(segment) for segment in _SEGMENTS.split(value))
