"""The Spark that others share, as a data folder remembers it for the next `spark connect`: address and token."""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from chassis.identity import SHORTEST_CHARS, can_be_token
from chassis.settings import BadSetting, Setting, Settings
from chassis.tls import AUTHORITY
from gateway.edge.link import Fleet, Link
from host.home import fleet_file

FLEET_TOKEN = Setting(
    "fleet.token", "SPARK_FLEET_TOKEN", "", "The token of the Spark that `spark connect` goes to", secret=True
)


def read_fleet(home: Path) -> Fleet | None:
    """What is remembered; None where nothing is.

    Raises:
        BadSetting: when the file is there and cannot be read.
    """
    path = fleet_file(home)
    try:
        body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Fleet(checked_url(str(body["url"])), checked_token(str(body["token"])))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadSetting(f"{path} cannot be read: connect again with the address, or delete it") from error


def write_fleet(home: Path, fleet: Fleet) -> None:
    """Remembers it, in one step."""
    draft = home / f"fleet.json.{secrets.token_hex(4)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"url": fleet.url, "token": fleet.token}, file)
    draft.replace(fleet_file(home))


def checked_url(url: str) -> str:
    """An address as it is called, without a slash at its end.

    Raises:
        BadSetting: when it is none, or would carry the token in the clear to another machine.
    """
    refused = BadSetting("that is no address: it must be like https://spark.example.com, without user and password")
    try:
        parts = urlsplit(url.strip())
        httpx.URL(url)
        known = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except (ValueError, httpx.InvalidURL):
        raise refused from None
    if not known or parts.query or parts.fragment or "@" in parts.netloc:
        raise refused
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise BadSetting(f"{url}: without TLS anybody on the way could read the token; use https://")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked_token(token: str) -> str:
    """A token as a header can carry it.

    Raises:
        BadSetting: when it is too short to be one, or holds what no header can.
    """
    found = token.strip()
    if not can_be_token(found):
        raise BadSetting(f"a token has at least {SHORTEST_CHARS} printable ASCII characters and no space")
    return found


def link_to(fleet: Fleet, settings: Settings) -> Link:
    """The wire to it.

    Raises:
        BadSetting: when SPARK_TLS_CA holds no certificate, or a variable names a proxy that cannot be used.
    """
    verify = trust_of(settings)
    try:
        return Link(fleet, verify)
    except (ValueError, ImportError) as error:
        raise BadSetting(f"HTTPS_PROXY or ALL_PROXY names no proxy that can be used: {error}") from error


def trust_of(settings: Settings) -> ssl.SSLContext:
    """Whose certificates are believed: those of the system, or of SPARK_TLS_CA alone.

    Raises:
        BadSetting: when that file holds none.
    """
    authorities = settings[AUTHORITY]
    try:
        return ssl.create_default_context(cafile=authorities or None)
    except (OSError, ValueError) as error:
        raise BadSetting(f"{AUTHORITY.environment}: {authorities} holds no certificate: {error}") from error
