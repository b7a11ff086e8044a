"""An independent judge: what detect-secrets finds in generated text, it must not find once ours has been over it."""

from collections.abc import Iterator
from random import Random

import pytest
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from secret_samples import EVERY

from gateway.redaction import redact_text

# Entropy and addresses are guesses about any text, not detectors of a kind of secret.
NOT_JUDGES = {"Base64 High Entropy String", "Hex High Entropy String", "Public IP (ipv4)"}
JUDGES = [
    plugin() for secret_type, plugin in get_mapping_from_secret_type_to_class().items() if secret_type not in NOT_JUDGES
]


def found(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for judge in JUDGES:
            for secret in judge.analyze_string(line):
                if "[redacted:" not in secret:
                    yield f"{judge.secret_type}: {secret}"


@pytest.mark.parametrize("kind", sorted(EVERY))
def test_the_judge_finds_nothing_after_redaction(kind: str) -> None:
    for seed in range(20):
        output = redact_text(EVERY[kind](Random(seed)).text)
        assert list(found(output)) == []


@pytest.mark.parametrize(
    "kind",
    [
        *("aws", "discord", "github", "gitlab", "jwt", "mailchimp", "pgp", "pypi", "sendgrid", "slack"),
        *("slack_webhook", "square", "stripe", "telegram", "twilio"),
    ],
)
def test_the_judge_can_see(kind: str) -> None:
    assert any(list(found(EVERY[kind](Random(seed)).text)) for seed in range(20))
