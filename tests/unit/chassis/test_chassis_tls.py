"""What the settings of TLS must hold, and which addresses go by it."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from chassis.channels import target_of
from chassis.settings import BadSetting, Settings
from chassis.tls import PLAIN, read_tls

PEM = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("address", "target", "protected"),
    [
        ("packets:7762", "packets:7762", None),
        ("dns:///packets:7762", "dns:///packets:7762", None),
        ("grpcs://packets.example", "packets.example:443", True),
        ("grpcs://packets.example:8443/", "packets.example:8443", True),
        ("grpcs://[::1]", "[::1]:443", True),
        ("grpcs://[::1]:8443", "[::1]:8443", True),
        ("grpc://packets:7762", "packets:7762", False),
    ],
)
def test_an_address_says_whether_it_goes_by_tls(address: str, target: str, protected: bool | None) -> None:
    for by_itself in (True, False):
        assert target_of(address, protected=by_itself) == (target, by_itself if protected is None else protected)


def test_without_settings_all_is_in_the_clear() -> None:
    assert read_tls(Settings({})) == PLAIN
    assert PLAIN.of_server() is None
    assert not PLAIN.mutual


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"CERT"}, "SPARK_TLS_KEY"),
        ({"KEY"}, "SPARK_TLS_CERT"),
        ({"CERT", "KEY"}, "SPARK_TLS_CA"),
    ],
)
def test_what_is_missing_is_named(given: set[str], told: str, tmp_path: Path) -> None:
    (tmp_path / "one.pem").write_text(PEM)
    environment = {f"SPARK_TLS_{name}": str(tmp_path / "one.pem") for name in given}
    with pytest.raises(BadSetting, match=told):
        read_tls(Settings(environment))


def test_files_that_do_not_go_together_are_named(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name in ("mine", "other"):
        certificate = authority.issue_cert("127.0.0.1")
        certificate.cert_chain_pems[0].write_to_path(str(tmp_path / f"{name}.pem"))
        certificate.private_key_pem.write_to_path(str(tmp_path / f"{name}.key"))
    (tmp_path / "empty.pem").write_text(PEM)

    def given(certificate: str, key: str, authorities: str) -> Settings:
        files = {"CERT": certificate, "KEY": key, "CA": authorities}
        return Settings({f"SPARK_TLS_{name}": str(tmp_path / file) for name, file in files.items()})

    assert read_tls(given("mine.pem", "mine.key", "ca.pem")).mutual
    for certificate, key in (("mine.pem", "other.key"), ("mine.key", "mine.pem"), ("empty.pem", "mine.key")):
        with pytest.raises(BadSetting, match=f"SPARK_TLS_CERT, SPARK_TLS_KEY: .*{certificate} and .*{key}"):
            read_tls(given(certificate, key, "ca.pem"))
    with pytest.raises(BadSetting, match=f"SPARK_TLS_CA: {tmp_path}/empty.pem"):
        read_tls(given("mine.pem", "mine.key", "empty.pem"))


def test_a_file_that_is_not_there_or_no_pem_is_named(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("secret of some other kind")
    for path in (tmp_path / "absent.pem", tmp_path / "no.pem", tmp_path):
        with pytest.raises(BadSetting, match=f"SPARK_TLS_CA: {path}") as raised:
            read_tls(Settings({"SPARK_TLS_CA": str(path)}))
        assert "secret" not in str(raised.value)
