"""How a browser is let in: by a code that works once, for a cookie that is signed. Both are made out of the token, so
that nothing is kept but which codes were used."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.identity import LOCAL_WORKSPACE, Tokens

CODE_LIFE = timedelta(seconds=60)
"""Long enough for a browser to start, too short to be found in a history."""
COOKIE_LIFE = timedelta(days=30)
SKEW = timedelta(seconds=5)
"""A code comes from a clock of the same machine, or of one beside it."""
COOKIE = "spark_session"
LONGEST = 200
"""Characters; ours have less than 100."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A text that tells until when it holds, and shows that whoever made it had the token."""

    key: bytes

    def make(self, until: datetime) -> str:
        """A text that holds until then; no two are alike."""
        said = f"{int(until.timestamp())}.{secrets.token_urlsafe(12)}"
        return f"{said}.{self.seal(said)}"

    def until(self, text: str) -> int | None:
        """Until when a text holds, seconds since the epoch; None for one that was not made with this key."""
        if len(text) > LONGEST or not text.isascii():
            return None
        said, _, seal = text.rpartition(".")
        if not hmac.compare_digest(self.seal(said), seal):
            return None
        return int(said.partition(".")[0])

    def seal(self, said: str) -> str:
        """What only the key can make of a text."""
        digest = hmac.digest(self.key, said.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def new_code(tokens: Tokens, now: datetime) -> str:
    """A code by which a browser gets in once, within 60 s."""
    return code_of(tokens).make(now + CODE_LIFE)


def code_of(tokens: Tokens) -> Signed:
    """Codes of the workspace `local`."""
    return Signed(tokens.key(LOCAL_WORKSPACE, "dashboard code"))


class Logins:
    """Turns codes into cookies, each code once. `began` is when this process came up: what was made before it may have
    been used by the process before, so it is refused."""

    def __init__(self, tokens: Tokens, began: datetime) -> None:
        self._codes = code_of(tokens)
        self._cookies = Signed(tokens.key(LOCAL_WORKSPACE, "dashboard cookie"))
        self._forms = Signed(tokens.key(LOCAL_WORKSPACE, "dashboard form"))
        self._began = began.timestamp()
        self._used: dict[str, int] = {}

    def redeem(self, code: str, now: datetime) -> str | None:
        """A new cookie for a code; None for one that is not ours, is over, or was used."""
        until, moment = self._codes.until(code), now.timestamp()
        self._used = {used: end for used, end in self._used.items() if end > moment}
        if until is None or code in self._used or not moment < until <= moment + (CODE_LIFE + SKEW).total_seconds():
            return None
        if until - CODE_LIFE.total_seconds() < int(self._began):
            return None
        self._used[code] = until
        return self._cookies.make(now + COOKIE_LIFE)

    def known(self, cookie: str, now: datetime) -> bool:
        """Whether a cookie is ours and still holds."""
        until = self._cookies.until(cookie)
        return until is not None and now.timestamp() < until

    def form_token(self, cookie: str) -> str:
        """What a form carries to show that a page of ours sent it, shown to the bearer of this cookie."""
        return self._forms.seal(cookie)

    def sent_by_us(self, cookie: str, form_token: str) -> bool:
        """Whether a form carries what belongs to the cookie it came with."""
        return form_token.isascii() and hmac.compare_digest(self.form_token(cookie), form_token)
