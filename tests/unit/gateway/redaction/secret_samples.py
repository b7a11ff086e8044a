"""Secrets made at run time, each with a text that it is usually met in."""

import base64
import json
import string
from collections.abc import Callable
from random import Random
from typing import NamedTuple

ALPHANUMERIC = string.ascii_letters + string.digits
URL_SAFE = ALPHANUMERIC + "-_"
BASE64 = ALPHANUMERIC + "+/"
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"


class Sample(NamedTuple):
    """A text and the part of it that nobody may see again."""

    text: str
    secret: str


def drawn(random: Random, length: int, alphabet: str = ALPHANUMERIC) -> str:
    return "".join(random.choices(alphabet, k=length))


def password(random: Random) -> str:
    """What a password generator gives: letters and a digit at least, no punctuation that a grammar would end at."""
    return drawn(random, random.randint(10, 24)) + random.choice(string.digits) + random.choice(string.ascii_lowercase)


def words(random: Random) -> str:
    return " ".join(drawn(random, random.randint(5, 9), string.ascii_lowercase) for _ in range(4))


def jwt(random: Random) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": drawn(random, 12), "iat": random.randint(10**9, 2 * 10**9)})
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return ".".join((*encoded, drawn(random, 43, URL_SAFE)))


def key_body(random: Random, lines: int = 12) -> list[str]:
    return [drawn(random, 64, BASE64) for _ in range(lines)]


def pem(random: Random, label: str = "RSA PRIVATE KEY") -> Sample:
    body = key_body(random)
    return Sample("\n".join((f"-----BEGIN {label}-----", *body, f"-----END {label}-----")), "\n".join(body))


PREFIXED: dict[str, tuple[str, int, str]] = {
    "aws": ("AKIA", 16, UPPER),
    "aws_session": ("ASIA", 16, UPPER),
    "github": ("ghp_", 36, ALPHANUMERIC),
    "github_oauth": ("gho_", 36, ALPHANUMERIC),
    "github_server": ("ghs_", 36, ALPHANUMERIC),
    "github_user": ("ghu_", 36, ALPHANUMERIC),
    "github_fine": ("github_pat_", 82, ALPHANUMERIC),
    "gitlab": ("glpat-", 20, URL_SAFE),
    "slack_app": ("xapp-1-", 60, ALPHANUMERIC),
    "stripe": ("sk_live_", 24, ALPHANUMERIC),
    "stripe_test": ("sk_test_", 24, ALPHANUMERIC),
    "stripe_restricted": ("rk_live_", 24, ALPHANUMERIC),
    "openai": ("sk-", 48, ALPHANUMERIC),
    "openai_project": ("sk-proj-", 120, URL_SAFE),
    "anthropic": ("sk-ant-api03-", 93, URL_SAFE),
    "google": ("AIza", 35, URL_SAFE),
    "google_oauth": ("ya29.", 120, URL_SAFE),
    "npm": ("npm_", 36, ALPHANUMERIC),
    "pypi": ("pypi-AgEIcHlwaS5vcmc", 150, URL_SAFE),
    "huggingface": ("hf_", 34, ALPHANUMERIC),
    "twilio": ("SK", 32, HEX),
    "digitalocean": ("dop_v1_", 64, HEX),
    "databricks": ("dapi", 32, HEX),
    "vault": ("hvs.", 95, URL_SAFE),
    "doppler": ("dp.pt.", 43, ALPHANUMERIC),
    "linear": ("lin_api_", 40, ALPHANUMERIC),
    "notion": ("ntn_", 46, ALPHANUMERIC),
    "notion_old": ("secret_", 43, ALPHANUMERIC),
    "figma": ("figd_", 40, URL_SAFE),
    "sentry": ("sntrys_", 60, ALPHANUMERIC),
    "square": ("sq0csp-", 43, URL_SAFE),
    "age": ("AGE-SECRET-KEY-1", 58, UPPER),
}


def prefixed(name: str) -> Callable[[Random], Sample]:
    head, length, alphabet = PREFIXED[name]

    def sample(random: Random) -> Sample:
        # The last character is alphanumeric, as a word's end is where a reader would end it.
        token = head + drawn(random, length - 1, alphabet) + drawn(random, 1, string.digits)
        return Sample(token, token.removeprefix(head))

    return sample


def dotted(head: str, *lengths: int) -> Callable[[Random], Sample]:
    def sample(random: Random) -> Sample:
        secret = ".".join(drawn(random, length) for length in lengths)
        return Sample(head + secret, secret)

    return sample


def telegram(random: Random) -> Sample:
    secret = "AA" + drawn(random, 33)
    return Sample(f"{random.randint(10**9, 9 * 10**9)}:{secret}", secret)


def discord(random: Random) -> Sample:
    secret = f"{drawn(random, 23)}.{drawn(random, 6)}.{drawn(random, 38)}"
    return Sample(f"M{secret}", secret)


def slack(random: Random) -> Sample:
    secret = f"{drawn(random, 12, string.digits)}-{drawn(random, 24)}"
    return Sample(f"xoxb-{secret}", secret)


def slack_webhook(random: Random) -> Sample:
    secret = f"T{drawn(random, 9, UPPER)}/B{drawn(random, 9, UPPER)}/{drawn(random, 24)}"
    return Sample(f"https://hooks.slack.com/services/{secret}", secret)


def mailchimp(random: Random) -> Sample:
    secret = drawn(random, 32, HEX)
    return Sample(f"{secret}-us{random.randint(1, 21)}", secret)


def whole_jwt(random: Random) -> Sample:
    token = jwt(random)
    return Sample(token, token)


STANDALONE: dict[str, Callable[[Random], Sample]] = {
    **{name: prefixed(name) for name in PREFIXED},
    "sendgrid": dotted("SG.", 22, 43),
    "telegram": telegram,
    "discord": discord,
    "slack": slack,
    "slack_webhook": slack_webhook,
    "mailchimp": mailchimp,
    "jwt": whole_jwt,
}
"""Secrets that are recognised wherever they stand."""

ASSIGNMENTS = (
    "export DEPLOY_TOKEN={}",
    'APP_SECRET="{}" make deploy',
    "MAPS_KEY={}",
    "password: {}",
    "password = {}",
    '{{"apiKey": "{}"}}',
    r"{{\"clientSecret\": \"{}\"}}",
    'api_key = "{}"',
    'const apiKey: string = "{}"',
    'dbPassword := "{}"',
    'password: str = "{}"',
    'os.environ["API_KEY"] = "{}"',
    'setenv("API_TOKEN", "{}")',
    "https://example.test/cb?access_token={}&state=1",
    "postgres://app:{}@db.internal:5432/app",
    "mongodb+srv://app:{}@cluster0.example.test/app",
    "redis://:{}@cache:6379/0",
    "amqp://guest:{}@mq:5672",
    "https://build:{}@git.example.test/a.git",
    "jdbc:postgresql://db/app?user=app&password={}",
    "Server=db;User Id=sa;Password={};Encrypt=True",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=x",
    "https://acc.blob.example.test/c?sv=2022&sig={}%3D",
    "Authorization: Bearer {}",
    'curl -H "Authorization: token {}" https://example.test',
    "Authorization: Basic {}==",
    "Cookie: theme=dark; session={}",
    "Set-Cookie: sid={}; Path=/; HttpOnly",
    "curl -sS -u admin:{} https://example.test",
    "mysql -u root -p'{}' app",
    "docker login -u me -p {} registry.example.test",
    "tool --password {} --verbose",
    "tool --token={} --verbose",
    "machine git.example.test login me password {}",
    "CREATE USER app WITH PASSWORD '{}';",
    "<password>{}</password>",
    "aws_secret_access_key = {}",
    "AWS Secret Access Key [None]: {}",
    "//registry.example.test/:_authToken={}",
    "   12→DB_PASSWORD={}",
    "+  client_secret: {}",
    "X-Api-Key: {}",
    "my password is {}",
)
"""Texts that give away what stands in them."""


def assigned(template: str) -> Callable[[Random], Sample]:
    def sample(random: Random) -> Sample:
        secret = password(random)
        return Sample(template.format(secret), secret)

    return sample


QUOTED_PHRASES = (
    'PASSPHRASE="{}"',
    "password: '{}'",
    'secret = "{}"',
    '{{"password": "{}"}}',
)


def phrase(template: str) -> Callable[[Random], Sample]:
    def sample(random: Random) -> Sample:
        secret = words(random)
        return Sample(template.format(secret), secret)

    return sample


def key_block(label: str) -> Callable[[Random], Sample]:
    return lambda random: pem(random, label)


def escaped_key_block(random: Random) -> Sample:
    text, secret = pem(random, "PRIVATE KEY")
    return Sample(json.dumps({"type": "service_account", "private_key": text}), secret.replace("\n", "\\n"))


def putty(random: Random) -> Sample:
    body = "\n".join(key_body(random, 6))
    return Sample(
        f"PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 6\n{body}\nPrivate-MAC: {drawn(random, 64, HEX)}",
        body,
    )


def yaml_block(random: Random) -> Sample:
    lines = [password(random) for _ in range(3)]
    return Sample("password: |\n" + "".join(f"    {line}\n" for line in lines) + "next: 1", "\n    ".join(lines))


IN_CONTEXT: dict[str, Callable[[Random], Sample]] = {
    **{template: assigned(template) for template in ASSIGNMENTS},
    **{f"phrase {template}": phrase(template) for template in QUOTED_PHRASES},
    **{
        label: key_block(label) for label in ("PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "RSA PRIVATE KEY")
    },
    "pgp": key_block("PGP PRIVATE KEY BLOCK"),
    "escaped key block": escaped_key_block,
    "putty": putty,
    "yaml block": yaml_block,
}
"""Secrets that are recognised by what stands around them on their line."""

EVERY = {**STANDALONE, **IN_CONTEXT}


def leaked(secret: str, output: str) -> str | None:
    """A piece of 8 characters of the secret that the output still holds."""
    pieces = (secret[start : start + 8] for start in range(max(1, len(secret) - 7)))
    return next((piece for piece in pieces if piece in output), None)
