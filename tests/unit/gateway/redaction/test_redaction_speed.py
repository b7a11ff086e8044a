"""Time grows with the length of the text and with nothing else."""

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
# Four times the text; half as much again for noise of the clock, where a quadratic scan would take sixteen times.
LIMIT = 6.0


def seconds(work: Callable[[], object], enough: float = 0.0) -> float:
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
        if best < enough:
            break
    return best


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("reading", [Reading.ORDINARY, Reading.DOTENV])
def test_no_text_takes_more_than_its_length(unit: str, reading: Reading) -> None:
    small, large = ((UNITS[unit] * length)[:length] for length in (SMALL, LARGE))
    at_least = 0.0005
    base = max(at_least, seconds(lambda: find_secrets(small, reading)))
    assert seconds(lambda: find_secrets(large, reading), base * LIMIT) <= base * LIMIT


def test_no_payload_takes_more_than_its_length() -> None:
    small, large = ([{"password": "x" * 20, "lines": ["a = 1"] * 20}] * count for count in (50, 200))
    base = max(0.0005, seconds(lambda: redact_payload({"unknown": small})))
    assert seconds(lambda: redact_payload({"unknown": large}), base * LIMIT) <= base * LIMIT


def test_many_secrets_cost_no_more_than_their_length() -> None:
    random = Random(13)
    kinds = [make(random).text for make in STANDALONE.values()] + ["\n".join(key_body(random))]
    text = "\n".join(kinds)
    base = seconds(lambda: redact_text(text * 4))
    assert seconds(lambda: redact_text(text * 16), base * LIMIT) <= base * LIMIT


def test_a_cut_costs_its_edges_alone() -> None:
    small, large = ("a word of output\n" * (length // 17) for length in (2**20, 2**22))
    base = max(0.002, seconds(lambda: cut(small)))
    assert seconds(lambda: cut(large), base * LIMIT) <= base * LIMIT
