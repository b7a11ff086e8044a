"""Where a service that runs alone listens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.settings import BadSetting
from host.port_variables import port_in
from host.process import Place
from host.serving_place import serving_place

UNSAID: Any = {"host": None, "http_port": None, "grpc_port": None}


@pytest.mark.parametrize(
    ("environment", "web", "expected"),
    [
        ({}, False, Place("127.0.0.1", 0, 0)),
        ({"PORT": "8080"}, False, Place("127.0.0.1", 0, 8080)),
        ({"PORT": "8080"}, True, Place("127.0.0.1", 8080, 0)),
        ({"PORT": "8080", "SPARK_GRPC_PORT": "7762"}, False, Place("127.0.0.1", 0, 7762)),
        ({"PORT": "8080", "SPARK_HTTP_PORT": "7761", "SPARK_GRPC_PORT": "7762"}, True, Place("127.0.0.1", 7761, 7762)),
        ({"SPARK_HOST": "0.0.0.0", "PORT": ""}, True, Place("0.0.0.0", 0, 0)),
    ],
)
def test_the_platform_says_where(environment: dict[str, str], web: bool, expected: Place) -> None:
    assert serving_place(environment, **UNSAID, web=web) == expected


def test_flags_count_before_the_environment() -> None:
    environment = {"SPARK_HOST": "0.0.0.0", "PORT": "1", "SPARK_HTTP_PORT": "2", "SPARK_GRPC_PORT": "3"}
    place = serving_place(environment, host="::1", http_port=0, grpc_port=5, web=True)
    assert place == Place("::1", 0, 5)


@given(st.text())
def test_a_variable_holds_a_port_or_is_refused(text: str) -> None:
    stripped = text.strip()
    if stripped and not (stripped.isascii() and stripped.isdecimal() and int(stripped) <= 65_535):
        with pytest.raises(BadSetting, match="PORT"):
            port_in({"PORT": text}, "PORT")
    else:
        assert port_in({"PORT": text}, "PORT") == (int(stripped) if stripped else None)


@given(st.integers(0, 99_999))
def test_each_port_is_read(port: int) -> None:
    if port > 65_535:
        with pytest.raises(BadSetting, match="65535"):
            port_in({"PORT": f" {port}"}, "PORT")
    else:
        assert port_in({"PORT": f" {port}"}, "PORT") == port
