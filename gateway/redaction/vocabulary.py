"""Words that tell a secret from something that only looks like one. All in lower case."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SECRET_BEFORE_KEY = _words(
    "api access account admin app auth client crypt crypto db deploy encrypt encryption hmac host jwt license "
    "master priv private secret server service session shared sign signing ssh storage stripe user webhook"
)
"""Before `key` they make a secret of it, even when glued to it: `apikey`, but not `monkey`."""

HARMLESS_BEFORE_KEY = _words(
    "cache column composite config dict env field file first foreign group hash hot index item json keyword label "
    "last lookup lru map message meta metric natural object order parent partition primary prop public query "
    "redis registry routing row s3 search sort storage state tag template translation unique"
)
"""Before `KEY` they name a place in a structure."""

HARMLESS_BEFORE_TOKEN = _words(
    "bos close cls comma continuation cur current end eof eos first id last lexer mask max min next num open pad "
    "page paren peek prev previous sep special start stop string sync type unk unknown"
)
"""Before `token` they speak of parsers, models and pages."""

BEFORE_PAT = _words("ado azure bitbucket ci devops ext gh github gitlab jira")
"""Before `pat` they make it a personal access token and not a pattern."""

ORDINARY_VALUES = _words(
    "true false null none nil undefined auto default required optional include omit same-origin inherit empty "
    "missing invalid expired incorrect wrong unset unknown string bytes integer number float bool boolean object "
    "char text varchar uuid symbol unicode secretstr never void self this async await lambda function func return "
    "type password passwd passphrase token secret hidden todo example placeholder redacted not"
)
"""Types, keywords, states and defaults that stand where a secret might."""

SENTENCE_WORDS = _words(
    "a an and are as at be by can cannot do does for from has have if in is it must no not of on or should that "
    "the this to too use used was will with your"
)
"""Words that make several words a sentence and not a passphrase."""
