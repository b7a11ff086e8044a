"""Time grows with the length of the text and with nothing else."""

import gc
import time
from collections.abc import Callable
from random import Random

import pytest
from secret_samples import STANDALONE, key_body

from gateway.redaction import cut, redact_payload, redact_text
from gateway.redaction.spans import Reading
from gateway.redaction.text import find_secrets

UNITS = {
    "names": "key=",
    "open quotes": "key='key=\"key=`",
    "one open quote": "password=\"x ' ",
    "escaped quotes": 'key=\\"',
    "backslashes": "\\",
    "spaces": "key" + " " * 50,
    "name": "a_secret_",
    "heads": "sk-ghp_xoxb-eyJ",
    "jwt heads": "eyJ",
    "jwt dots": "eyJaaaaaaaaaaaaaaaaaaaaaaa.",
    "letters": "a",
    "dashes": "-",
    "capitals": "A",
    "digits": "1",
    "base64": "aB3/",
    "key blocks": "-----BEGIN RSA PRIVATE KEY-----\n",
    "key ends": "-----END RSA PRIVATE KEY-----\naaaaaaaaaaaaaaaaaaaaaaaaa",
    "key boundaries": "-----BEGIN A",
    "urls": "://a:",
    "url passwords": "://a:b@",
    "url users": "a://" + "b" * 60,
    "cookies": "cookie: a=b; ",
    "headers": "authorization: basic ",
    "bearers": "bearer ",
    "options": "mysql curl login -p",
    "blocks": "password: |\n  a\n",
    "env": ".env:",
    "env names": "FOO_",
    "env lines": 'FOO="\n',
    "lines": "\n",
    "nul": "\x00",
    "xml": "<password>",
    "lists": "passwords: ['a', ",
    "brackets": "token[",
    "references": "password=${",
    "colons": "a:1:",
    "signatures": "sig=",
    "wide": "密key=码",
}
SMALL, LARGE = 16_384, 65_536
# Four times the text may take four times as long, and twice that where a busy neighbour takes the cache between the
# two. A quadratic scan would take sixteen times.
LIMIT = 8.0
# Below this a scan is fast whatever its ratio, and the clock's noise is as large as what it measures.
NEGLIGIBLE_SECONDS = 0.002
ROUNDS = 12


def assert_linear(small: Callable[[], object], large: Callable[[], object]) -> None:
    """The best time of the four times larger work is within `LIMIT` of the best time of the smaller."""
    base = most = float("inf")
    for _ in range(ROUNDS):
        base = min(base, seconds(small))
        most = min(most, seconds(large))
        if most <= LIMIT * max(base, NEGLIGIBLE_SECONDS):
            return
    pytest.fail(f"{most:.4f} s after {base:.4f} s for a quarter")


def seconds(work: Callable[[], object]) -> float:
    # Of this thread alone, and without the garbage of the tests before: other work is not the text's doing.
    gc.disable()
    try:
        start = time.thread_time()
        work()
        return time.thread_time() - start
    finally:
        gc.enable()


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("reading", [Reading.ORDINARY, Reading.DOTENV])
def test_no_text_takes_more_than_its_length(unit: str, reading: Reading) -> None:
    small, large = ((UNITS[unit] * length)[:length] for length in (SMALL, LARGE))
    assert_linear(lambda: find_secrets(small, reading), lambda: find_secrets(large, reading))


def test_no_payload_takes_more_than_its_length() -> None:
    small, large = ([{"password": "x" * 20, "lines": ["a = 1"] * 20}] * count for count in (50, 200))
    assert_linear(lambda: redact_payload({"unknown": small}), lambda: redact_payload({"unknown": large}))


def test_many_secrets_cost_no_more_than_their_length() -> None:
    random = Random(13)
    text = "\n".join([make(random).text for make in STANDALONE.values()] + key_body(random))
    assert_linear(lambda: redact_text(text * 4), lambda: redact_text(text * 16))


def test_a_cut_costs_its_edges_alone() -> None:
    small, large = ("a word of output\n" * (length // 17) for length in (2**20, 2**22))
    assert_linear(lambda: cut(small), lambda: cut(large))
