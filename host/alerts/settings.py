"""What can be set about alerts."""

from __future__ import annotations

from chassis.settings import AnySetting, Setting

EVERY_S = Setting("alerts.every_s", "SPARK_ALERTS_EVERY_S", 15.0, "Seconds between two looks at the alerts", 0.1, 300.0)
SLACK_URL = Setting(
    "alerts.slack_webhook_url",
    "SPARK_SLACK_WEBHOOK_URL",
    "",
    "Slack webhook that is told of alerts; SLACK_WEBHOOK_URL does too",
    secret=True,
)
SLACK_URL_PLAIN = Setting(
    "alerts.slack_webhook_url_plain", "SLACK_WEBHOOK_URL", "", "The same by its usual name", secret=True
)
TELEGRAM_TOKEN = Setting(
    "alerts.telegram_bot_token", "SPARK_TELEGRAM_BOT_TOKEN", "", "Telegram bot that tells of alerts", secret=True
)
TELEGRAM_CHAT = Setting("alerts.telegram_chat_id", "SPARK_TELEGRAM_CHAT_ID", "", "Chat in which the bot tells of them")
TELEGRAM_API = Setting(
    "alerts.telegram_api", "SPARK_TELEGRAM_API", "https://api.telegram.org", "Bot API server, Telegram's or your own"
)

SETTINGS: tuple[AnySetting, ...] = (
    EVERY_S,
    SLACK_URL,
    SLACK_URL_PLAIN,
    TELEGRAM_TOKEN,
    TELEGRAM_CHAT,
    TELEGRAM_API,
)
