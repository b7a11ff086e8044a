"""Where messages about alerts go: Slack and Telegram, by their webhooks. Their addresses are secrets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlsplit

import httpx

from chassis.settings import BadSetting, Setting, Settings
from host.alerts.settings import SLACK_URL, SLACK_URL_PLAIN, TELEGRAM_API, TELEGRAM_CHAT, TELEGRAM_TOKEN

TIMEOUT_S = 5.0
MOST_LETTERS = 3500
"""Telegram takes 4,096 in a message, Slack more."""

TOO_MANY_REQUESTS = 429

SLACK, TELEGRAM = "slack", "telegram"

# These write each address that they ask into the log.
for noisy in ("httpx", "httpcore"):
    logging.getLogger(noisy).setLevel(logging.WARNING)


class Outcome(Enum):
    """What became of a message."""

    DELIVERED = "delivered"
    UNKNOWN = "unknown"
    """It was sent and no answer came: it may have arrived."""
    REFUSED = "refused"
    """It did not arrive, nor would it another time."""
    FAILED = "failed"
    """It did not arrive; another time it may."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One place that is told. `url` and `fields` may open something: neither is ever shown."""

    name: str
    url: str = field(repr=False)
    fields: Mapping[str, object] = field(repr=False, default_factory=dict[str, object])

    async def send(self, text: str) -> tuple[Outcome, str]:
        """Sends a message within 5 s; returns what became of it and, where that is no success, why."""
        body = {**self.fields, "text": escaped(self.name, text[:MOST_LETTERS])}
        try:
            # A server may send a byte now and then for ever, which is within each limit of the client.
            async with asyncio.timeout(TIMEOUT_S), httpx.AsyncClient(timeout=TIMEOUT_S) as client:
                response = await client.post(self.url, json=body)
        except (httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError, TimeoutError) as error:
            return Outcome.UNKNOWN, type(error).__name__
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            # Its message may hold the address.
            return Outcome.FAILED, type(error).__name__
        if response.is_success:
            return Outcome.DELIVERED, ""
        later = response.status_code == TOO_MANY_REQUESTS or response.is_server_error
        return Outcome.FAILED if later else Outcome.REFUSED, f"status {response.status_code}"


def webhooks_of(settings: Settings) -> list[Webhook]:
    """The places that are set; none is.

    Raises:
        BadSetting: when an address is none, or of Telegram only one half is set.
    """
    found: list[Webhook] = []
    for setting in (SLACK_URL, SLACK_URL_PLAIN):
        if settings[setting]:
            found.append(Webhook(SLACK, address(setting, settings[setting])))
            break
    token, chat = settings[TELEGRAM_TOKEN], settings[TELEGRAM_CHAT]
    if bool(token) is not bool(chat):
        raise BadSetting(f"{TELEGRAM_TOKEN.environment} and {TELEGRAM_CHAT.environment} need each other")
    if token:
        api = address(TELEGRAM_API, settings[TELEGRAM_API]).rstrip("/")
        fields = {"chat_id": chat, "disable_web_page_preview": True}
        found.append(Webhook(TELEGRAM, f"{api}/bot{token}/sendMessage", fields))
    return found


def address(setting: Setting[str], value: str) -> str:
    """An address of HTTP.

    Raises:
        BadSetting: when it is none; without the value, which is a secret.
    """
    try:
        parts = urlsplit(value)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and value.isprintable() and " " not in value
    except ValueError:
        fits = False
    if not fits:
        raise BadSetting(f"{setting.environment} is no address that begins with https://")
    return value


def escaped(name: str, text: str) -> str:
    """The text as the place wants it: what Slack would take for marks is escaped, Telegram is told of no marks."""
    if name != SLACK:
        return text
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
