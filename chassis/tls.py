"""TLS between processes: each shows a certificate of its own and asks the other for one, both of one authority."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

from chassis.settings import BadSetting, Setting, Settings

CERTIFICATE = Setting("tls.certificate", "SPARK_TLS_CERT", "", "File of this process's certificate (PEM), for gRPC")
KEY = Setting("tls.key", "SPARK_TLS_KEY", "", "File of that certificate's key (PEM)")
AUTHORITY = Setting("tls.authority", "SPARK_TLS_CA", "", "File of the authorities (PEM) to be believed")

SETTINGS = (CERTIFICATE, KEY, AUTHORITY)


@dataclass(frozen=True)
class Tls:
    """What this process shows and what it believes, each as PEM; empty where there is none of it."""

    certificate: bytes = b""
    key: bytes = b""
    authorities: bytes = b""

    @property
    def mutual(self) -> bool:
        """Whether this process has a certificate: then its gRPC asks for the caller's."""
        return bool(self.certificate)

    def of_server(self) -> grpc.ServerCredentials | None:
        """How its gRPC port is protected; None for a port that speaks in the clear."""
        if not self.mutual:
            return None
        pairs = [(self.key, self.certificate)]
        return grpc.ssl_server_credentials(pairs, self.authorities, require_client_auth=True)

    def of_channel(self) -> grpc.ChannelCredentials:
        """How it calls others; without authorities of its own it believes those of the system."""
        return grpc.ssl_channel_credentials(self.authorities or None, self.key or None, self.certificate or None)


PLAIN = Tls()
"""Nothing of TLS: on one machine, or behind what ends it."""


def read_tls(settings: Settings) -> Tls:
    """The certificates that the settings name, read once: a process is started again for new ones.

    Raises:
        BadSetting: when a file cannot be read, or a certificate comes without its key or without an authority.
    """
    certificate, key, authorities = (read_pem(settings, setting) for setting in SETTINGS)
    if bool(certificate) != bool(key):
        missing = KEY if certificate else CERTIFICATE
        raise BadSetting(f"a certificate and its key belong together: set {missing.environment} too")
    if certificate and not authorities:
        raise BadSetting(f"set {AUTHORITY.environment} too: without it any caller's certificate would be refused")
    require_usable(settings)
    return Tls(certificate, key, authorities)


def require_usable(settings: Settings) -> None:
    """Makes sure that the files go together: gRPC tells nobody why it does not take them.

    Raises:
        BadSetting: when one holds something else, or the key is not the certificate's or asks for a password.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate := settings[CERTIFICATE]:
        key = settings[KEY]
        try:
            context.load_cert_chain(certificate, key, password=lambda: "")
        except (OSError, ValueError) as error:
            raise BadSetting(
                f"{CERTIFICATE.environment}, {KEY.environment}: {certificate} and {key} are no certificate with its "
                f"key, without a password: {said(error)}"
            ) from error
    if authorities := settings[AUTHORITY]:
        try:
            context.load_verify_locations(authorities)
        except (OSError, ValueError) as error:
            raise BadSetting(f"{AUTHORITY.environment}: {authorities} holds no certificate: {said(error)}") from error


def said(error: Exception) -> str:
    """What OpenSSL says, without the place in its source."""
    return str(getattr(error, "reason", None) or error)


def read_pem(settings: Settings, setting: Setting[str]) -> bytes:
    """What a setting's file holds; empty where it names none.

    Raises:
        BadSetting: when it cannot be read, or holds no PEM.
    """
    path = settings[setting]
    if not path:
        return b""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise BadSetting(f"{setting.environment}: {path} cannot be read: {error.strerror}") from error
    if b"-----BEGIN " not in content:
        raise BadSetting(f"{setting.environment}: {path} holds no PEM (a text with -----BEGIN …-----)")
    return content
