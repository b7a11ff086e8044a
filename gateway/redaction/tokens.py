"""Secrets that give themselves away by their own shape: tokens with a provider's prefix.

The table is Spark's own. detect-secrets was measured as a library to keep: importing it takes 127 ms and pulls in
requests and yaml, it works line by line in Python, and it lacks half of these prefixes. It serves as an independent
judge in the tests instead: what its detectors find, this table must find.

Every token of the table holds an unbroken run of at least 20 characters of `[A-Za-z0-9_-]`. Such runs are rare in code
and output, so one fast scan for them decides where the table is tried at all.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from gateway.redaction.haystack import Haystack
from gateway.redaction.spans import Span

# Kind, heads, body. No head begins another one.
_TABLE: tuple[tuple[str, str, str], ...] = (
    ("aws-access-key", "AKIA ASIA ABIA ACCA", r"[A-Z0-9]{16}"),
    ("aws-access-key", "A3T", r"[A-Z0-9]{17}"),
    ("age", "AGE-SECRET-KEY-1", r"[0-9A-Z]{20,}"),
    ("anthropic", "sk-ant-", r"[A-Za-z0-9_-]{20,}"),
    ("artifactory", "AKCp", r"[A-Za-z0-9]{10,}"),
    ("atlassian", "ATATT3", r"[A-Za-z0-9_-]{20,}"),
    ("contentful", "CFPAT-", r"[A-Za-z0-9_-]{40,}"),
    ("databricks", "dapi", r"[0-9a-f]{32}"),
    ("digitalocean", "dop_v1_ doo_v1_ dor_v1_", r"[0-9a-f]{64}"),
    ("docker", "dckr_pat_ dckr_oat_", r"[A-Za-z0-9_-]{20,}"),
    ("doppler", "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.", r"(?:[a-z_-]{1,32}\.)?[A-Za-z0-9_-]{20,}"),
    ("facebook-or-square", "EAA", r"(?<![A-Za-z0-9+/]...)[A-Za-z0-9_-]{58,}"),
    ("figma", "figd_ figu_", r"[A-Za-z0-9_-]{36,}"),
    ("fly", "fm1r_ fm1a_ fm2_", r"[A-Za-z0-9_+/=-]{40,}"),
    ("github", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"[A-Za-z0-9_]{30,}"),
    (
        "gitlab",
        "glpat- gldt- glft- glsoat- glrt- glcbt- glimt- glptt- glagent- gloas- GR1348941",
        r"[A-Za-z0-9_-]{20,}",
    ),
    ("google-api-key", "AIza", r"[A-Za-z0-9_-]{30,}"),
    ("google-oauth", "GOCSPX- ya29.", r"[A-Za-z0-9_-]{20,}"),
    ("grafana", "glc_ glsa_", r"[A-Za-z0-9_+/=-]{32,}"),
    ("groq", "gsk_", r"[A-Za-z0-9]{40,}"),
    ("huggingface", "hf_", r"[A-Za-z0-9]{30,}"),
    ("linear", "lin_api_ lin_oauth_", r"[A-Za-z0-9]{32,}"),
    ("mailgun", "key-", r"[0-9a-f]{32}"),
    ("new-relic", "NRAK-", r"[A-Z0-9]{27}"),
    ("notion", "ntn_ secret_", r"[A-Za-z0-9]{40,}"),
    ("npm", "npm_", r"[A-Za-z0-9]{36}"),
    ("nvidia", "nvapi-", r"[A-Za-z0-9_-]{40,}"),
    ("1password", "ops_eyJ", r"[A-Za-z0-9_-]{40,}"),
    ("openai", "sk-proj- sk-svcacct- sk-admin- sk-or-v1- sk-lf- sk-None-", r"[A-Za-z0-9_-]{20,}"),
    ("openai", "sk-", r"[A-Za-z0-9]{20,}"),
    ("perplexity", "pplx-", r"[A-Za-z0-9]{40,}"),
    ("posthog", "phc_ phx_", r"[A-Za-z0-9]{40,}"),
    ("postman", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
    ("pulumi", "pul-", r"[0-9a-f]{40}"),
    ("pypi", "pypi-", r"[A-Za-z0-9_-]{50,}"),
    ("replicate", "r8_", r"[A-Za-z0-9]{37}"),
    ("rubygems", "rubygems_", r"[0-9a-f]{48}"),
    ("sendgrid", "SG.", r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("sentry", "sntrys_ sntryu_", r"[A-Za-z0-9_+/=-]{32,}"),
    ("shopify", "shpat_ shpca_ shppa_ shpss_", r"[0-9a-fA-F]{32}"),
    ("slack", "xoxa- xoxb- xoxc- xoxd- xoxe- xoxo- xoxp- xoxr- xoxs- xoxe. xapp-", r"[A-Za-z0-9-]{15,}"),
    ("square", "sq0csp- sq0atp- sq0idp-", r"[A-Za-z0-9_-]{22,}"),
    ("stripe", "sk_live_ sk_test_ rk_live_ rk_test_", r"[A-Za-z0-9]{16,}"),
    ("supabase", "sbp_ sb_secret_", r"[A-Za-z0-9_-]{30,}"),
    ("tailscale", "tskey-", r"[a-z]+-[A-Za-z0-9-]{20,}"),
    ("terraform-cloud", "atlasv1.", r"[A-Za-z0-9_-]{60,}"),
    ("twilio", "AC SK", r"[0-9a-f]{32}"),
    ("vault", "hvs. hvb. hvr.", r"[A-Za-z0-9_-]{20,}"),
    ("webhook-secret", "whsec_", r"[A-Za-z0-9+/=_-]{24,}"),
    ("xai", "xai-", r"[A-Za-z0-9]{40,}"),
)


# Longer heads first, so that `sk-ant-` is not taken for `sk-`; by initial, so that the engine skips a place after one
# comparison per initial, not one per head.
_HEADS = sorted(
    ((head, kind, re.compile(body)) for kind, heads, body in _TABLE for head in heads.split()),
    key=lambda row: (row[0][0], -len(row[0])),
)
_BY_HEAD = {head: (kind, body) for head, kind, body in _HEADS}


def _any_of(heads: Iterable[str]) -> str:
    return "|".join(
        f"{re.escape(initial)}(?:{'|'.join(re.escape(head[1:]) for head in group)})"
        for initial, group in groupby(heads, key=lambda head: head[0])
    )


_HEAD = re.compile(_any_of(_BY_HEAD))
# A dotted head (`hvs.`, `ya29.`, `dp.audit.`) stands before the run of its token.
_BEFORE_RUN = 12
_REST = re.compile(r"[A-Za-z0-9_=-]*(?:\.[A-Za-z0-9_=-]+)*")

_JWT = re.compile(r"eyJ[A-Za-z0-9_=-]{8,}+\.[A-Za-z0-9_=-]{6,}")
_SHORT_JWT_HEADER = 24
_AFTER_RUN = 80
_DISCORD = re.compile(r"[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}")
_TELEGRAM_ID = re.compile(r"(?<![0-9])[0-9]{8,10}:\Z")
_MAILCHIMP = re.compile(r"[0-9a-f]{32}-us[0-9]{1,2}(?![A-Za-z0-9])")
_WEBHOOK = re.compile(
    r"(?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks|webhook\.office\.com)"
    r"/([^\s\"'<>\\]{16,})"
)
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=_.-])(?=[0-9a-z/+]*[A-Z])(?=[0-9A-Z/+]*[a-z])[A-Za-z0-9/+]{40}(?![\w/+=-])")
_SIGNATURE = re.compile(
    r"(?<![A-Za-z0-9_])(?:sig|(?:X-(?:Amz|Goog)-)?[sS]ignature)=(?=[^\s0-9]{0,64}[0-9])([A-Za-z0-9%+/=_-]{12,})"
)


def find_tokens(haystack: Haystack) -> Iterator[Span]:
    """The tokens in a text, in no promised order and possibly overlapping."""
    text, lower, _ = haystack
    done = 0
    for start, end in haystack.long_runs():
        following = text[end : end + 1]
        preceding = text[start - 1 : start]
        window = max(done, start - _BEFORE_RUN if preceding == "." else start)
        for head in _HEAD.finditer(text, window, end):
            kind, body = _BY_HEAD[head[0]]
            if head.start() >= done and (match := body.match(text, head.end())):
                done = _end_of_rest(text, match.end())
                yield Span(head.start(), done, kind)
        if "." in (preceding, following):
            # Only the first place is tried: a run of nothing but heads must not be read once per head.
            place = text.find("eyJ", max(done, start - _SHORT_JWT_HEADER), end)
            if place >= 0 and (match := _JWT.match(text, place)):
                done = _end_of_rest(text, match.end())
                yield Span(place, done, "jwt")
            elif match := _DISCORD.search(text, start, end + _AFTER_RUN):
                yield Span(match.start(), _end_of_rest(text, match.end()), "discord")
        if preceding == ":" and end - start == 35 and (match := _TELEGRAM_ID.search(text, max(0, start - 12), start)):
            yield Span(match.start(), end, "telegram")
        if lower.find(b"-us", start, end) >= 0:
            yield from (Span(*match.span(), "mailchimp") for match in _MAILCHIMP.finditer(text, start, end))
    if b"webhook" in lower or b"hooks.slack" in lower:
        yield from (Span(*match.span(1), "webhook") for match in _WEBHOOK.finditer(text))
    if b"sig=" in lower or b"signature=" in lower:
        yield from (Span(*match.span(1), "signature") for match in _SIGNATURE.finditer(text))
    if b"akia" in lower or b"asia" in lower:
        yield from _aws_secrets(text)


def _end_of_rest(text: str, end: int) -> int:
    rest = _REST.match(text, end)
    return rest.end() if rest else end


_AWS_ID = re.compile(r"A[KS]IA[A-Z0-9]{16}")


def _aws_secrets(text: str) -> Iterator[Span]:
    # Forty characters mean nothing by themselves; beside an access key id they are its secret.
    if _AWS_ID.search(text):
        yield from (Span(*match.span(), "aws-secret-key") for match in _AWS_SECRET.finditer(text))
