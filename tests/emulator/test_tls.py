"""The TLS end can be trusted: its authority is named in the ready line, kept in the state folder, and true for the addresses handed out."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from preview_db_emulator.postgres.certificate import Authority
from tests.drivers.emulator import StandIn, launched, log_in, secret


@pytest.mark.parametrize("endpoint", ["direct", "pooled"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_client_that_verifies_everything_gets_in(stand_in: StandIn, endpoint: str, host: str) -> None:
    url = secret(stand_in.create_database(name=f"verified-{endpoint}-{host}"), endpoint).replace("@127.0.0.1:", f"@{host}:")
    full = url.replace("sslmode=require", f"sslmode=verify-full&sslrootcert={stand_in.ready['ca_certificate']}")
    assert log_in(full) == [(1,)]


def test_the_string_works_unchanged_where_the_environment_names_the_authority(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = secret(stand_in.create_database(name="unchanged"))
    monkeypatch.setenv("PGSSLROOTCERT", stand_in.ready["ca_certificate"])
    assert log_in(url) == [(1,)]
    monkeypatch.setenv("PGSSLROOTCERT", str(Authority.of(tmp_path, kept=False).path))  # another emulator's
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        log_in(url)


def test_a_client_as_strict_as_they_come_accepts_the_chain(stand_in: StandIn) -> None:
    context = ssl.create_default_context(cafile=stand_in.ready["ca_certificate"])
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    parts = urlsplit(secret(stand_in.create_database(name="strict")))
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as plain:
        plain.sendall(bytes.fromhex("0000000804d2162f"))  # SSLRequest
        assert plain.recv(1) == b"S"
        with context.wrap_socket(plain, server_hostname=parts.hostname) as encrypted:
            assert encrypted.version() == "TLSv1.3"


def test_the_authority_is_kept_and_its_key_is_nobody_elses(tmp_path: Path) -> None:
    with launched(state_dir=str(tmp_path)) as first:
        certificate = Path(first.ready["ca_certificate"])
        before = certificate.read_bytes()
        assert certificate.parent == tmp_path
        assert (tmp_path / "ca.key").stat().st_mode & 0o077 == 0
        url = secret(first.create_database(name="kept-authority"))
    with launched(state_dir=str(tmp_path)) as second:
        assert Path(second.ready["ca_certificate"]).read_bytes() == before
        assert log_in(url.replace("sslmode=require", f"sslmode=verify-full&sslrootcert={certificate}")) == [(1,)]


def test_without_a_state_folder_it_goes_with_the_emulator() -> None:
    with launched() as stand_in:
        certificate = Path(stand_in.ready["ca_certificate"])
        assert certificate.stat().st_mode & 0o004, "any user may trust it"
        stand_in.process.terminate()
        stand_in.process.wait(10)
    assert not certificate.exists()
