"""Secrets of every kind leave a text, and ordinary text stays as it is."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from secret_samples import EVERY, IN_CONTEXT, STANDALONE, leaked, password, pem

from gateway.redaction import redact_text

SEEDS = st.integers(0, 2**32).map(Random)
SURROUNDINGS = st.text(max_size=60)
DELIMITERS = st.sampled_from([" ", "\n", "\t", '"', "'", "`", "=", ":", ",", ";", "(", "<", "[", "{", "|", "/", "\\n"])


@pytest.mark.parametrize("kind", sorted(EVERY))
def test_a_secret_alone_is_replaced(kind: str) -> None:
    for seed in range(50):
        text, secret = EVERY[kind](Random(seed))
        output = redact_text(text)
        assert leaked(secret, output) is None, f"{text!r} became {output!r}"
        assert "[redacted:" in output


@given(kind=st.sampled_from(sorted(STANDALONE)), random=SEEDS, before=SURROUNDINGS, left=DELIMITERS, after=SURROUNDINGS)
@settings(max_examples=400, deadline=None)
def test_a_token_is_recognised_anywhere(kind: str, random: Random, before: str, left: str, after: str) -> None:
    text, secret = STANDALONE[kind](random)
    output = redact_text(f"{before}{left}{text} {after}")
    assert leaked(secret, output) is None, output


@given(kind=st.sampled_from(sorted(IN_CONTEXT)), random=SEEDS, before=SURROUNDINGS, after=SURROUNDINGS)
@settings(max_examples=400, deadline=None)
def test_a_secret_is_recognised_on_a_line_of_its_own(kind: str, random: Random, before: str, after: str) -> None:
    text, secret = IN_CONTEXT[kind](random)
    output = redact_text(f"{before}\n{text}\n{after}")
    assert leaked(secret, output) is None, output


@given(st.lists(st.sampled_from(sorted(EVERY)), max_size=4), SEEDS, SURROUNDINGS)
@settings(max_examples=300, deadline=None)
def test_redacting_twice_changes_nothing(kinds: list[str], random: Random, between: str) -> None:
    once = redact_text(f"\n{between}\n".join(EVERY[kind](random).text for kind in kinds))
    assert redact_text(once) == once


@given(st.text(st.characters(exclude_categories=()), max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_text_is_accepted(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


def test_what_surrounds_a_secret_stays() -> None:
    secret = password(Random(1))
    assert redact_text(f"export DEPLOY_TOKEN={secret} && make") == "export DEPLOY_TOKEN=[redacted:token] && make"
    assert redact_text(f"postgres://app:{secret}@db/app") == "postgres://app:[redacted:url-password]@db/app"


@pytest.mark.parametrize("template", ['DB_PASSWORD="{}"', "password: '{}'", '{{"secret": "{}"}}', 'api_key = "{}"'])
@given(random=SEEDS)
@settings(max_examples=300, deadline=None)
def test_punctuation_is_part_of_a_quoted_secret(template: str, random: Random) -> None:
    secret = password(random)
    for mark in "!#%&*+=?@^~,;:()<>|":
        place = random.randint(1, len(secret) - 1)
        secret = secret[:place] + mark + secret[place:]
    assert leaked(secret, redact_text(template.format(secret))) is None


@pytest.mark.parametrize("cut_off", ["begin", "end"])
def test_half_a_key_block_is_a_secret(cut_off: str) -> None:
    text, secret = pem(Random(2))
    half = text.partition("\n")[2] if cut_off == "begin" else text.rpartition("\n")[0]
    assert leaked(secret, redact_text(f"log line.\n{half}")) is None


def test_an_aws_secret_is_known_by_the_key_id_beside_it() -> None:
    identifier, _ = STANDALONE["aws"](Random(3))
    secret = "".join(Random(4).choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+", k=40))
    assert leaked(secret, redact_text(f"{identifier},{secret}")) is None


BENIGN = [
    "token = lexer.next()",
    "key = key[:8]",
    "password: str",
    "def login(user: str, password: str, token: str | None = None) -> None:",
    "items.sort(key=lambda item: item.name)",
    "sorted(rows, key=itemgetter(1))",
    "grep --keyword foo",
    "keyboard=qwerty123456",
    "monkey=banana123456",
    'tokenizer=AutoTokenizer.from_pretrained("bert-base-uncased")',
    "export KEY=${KEY}",
    "TOKEN=$TOKEN ./run.sh",
    'curl -H "Authorization: Bearer $TOKEN" https://example.test',
    'os.environ["API_KEY"]',
    'api_key=os.environ.get("API_KEY")',
    "const token = process.env.GITHUB_TOKEN;",
    "export API_KEY=<your-token>",
    "API_KEY=***",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    "session 0442a060-edc3-4307-bddb-11a2951fd1a1",
    "/home/dev/repo/cmd/cli/agent/claudecode/generate_transcript_test.go:281:12: undefined: x",
    '"integrity": "sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+LFTGHVxVjcXPs17LhbZVGedAJv8XZ1tvj5FvSg=="',
    "max_tokens: 160",
    "id = Column(Integer, primary_key=True)",
    '"type":"password"',
    '<input type="password" name="password">',
    "Client(token=token, password=password)",
    'if token == "":',
    "--- PASS: TestCommit (0.00s)",
    "Error: invalid token: unexpected end of input",
    "SyntaxError: Unexpected token } in JSON at position 42",
    "KeyError: 'name'",
    "the password is required",
    "fatal: Authentication failed for 'https://github.com/a/b.git/'",
    "remote: Support for password authentication was removed on August 13, 2021.",
    "git push -u origin HEAD:main",
    "docker run -u 1000:1000 -p 8080:80 image",
    "mkdir -p foo/bar",
    "http://localhost:8080/path?email=x@y.com",
    "git clone ssh://git@github.com/a/b.git",
    "secret: ${{ secrets.NPM_TOKEN }}",
    "secrets: inherit",
    "fetch(url, {credentials: 'include'})",
    '"key": "ArrowDown"',
    '<li key="item-1">',
    'cache_key = f"user:{user_id}:profile"',
    'APIKey string `json:"api_key"`',
    "Password: cfg.Password,",
    "password = getpass.getpass()",
    "total_tokens: 123456",
    "--password string   Password for the account",
    "--token TOKEN",
    'if strings.Contains(s, "-----BEGIN RSA PRIVATE KEY-----") {',
    "case token.STRING:",
    'const tokenURL = "https://example.test/oauth/token"',
    "PWD=/home/dev/repo",
    "OLDPWD=/home/dev",
    "apiKey: undefined,",
    "sk-circle-fade-dot-container-main",
    'getpass("Password: ", stream=None)',
    "parser.add_argument('--api-key', help='the key to use')",
]


@pytest.mark.parametrize("line", BENIGN)
def test_ordinary_lines_stay(line: str) -> None:
    assert redact_text(line) == line


def test_ordinary_lines_stay_together() -> None:
    text = "\n".join(BENIGN)
    assert redact_text(text) == text
