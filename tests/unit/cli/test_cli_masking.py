from __future__ import annotations

import pytest

from chassis.settings import Effective, Setting
from host.cli.settings import as_document_of, masked, shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("postgresql://spark@/spark?host=/run/pg", "postgresql://spark@/spark?host=/run/pg"),
        ("postgresql://me:pw@db:5432/spark", "postgresql://me:***@db:5432/spark"),
        ("postgres://me:p/w@x@db/spark", "postgres://me:***@db/spark"),
        ("postgresql://db/spark?user=me&password=pw&ssl=1", "postgresql://db/spark?user=me&password=***&ssl=1"),
        ("postgresql://db/spark?sslpassword=pw", "postgresql://db/spark?sslpassword=***"),
        ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
        ("nats://t0ken@bus:4222", "nats://***@bus:4222"),
        ("nats://me:pw@bus:4222", "nats://***@bus:4222"),
        ("tls://a:pw1@one:4222,tls://b:pw2@two:4222", "tls://***@two:4222"),
    ],
)  # fmt: skip
def test_no_secret_of_an_address_is_shown(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_a_secret_is_never_shown() -> None:
    setting = Setting("inference.key", "SPARK_KEY", "", "A key.", secret=True)
    assert shown(Effective(setting, "sk-1", "environment")) == "***"
    assert shown(Effective(setting, "", "default")) == ""
    assert "sk-1" not in str(as_document_of(Effective(setting, "sk-1", "environment")))
