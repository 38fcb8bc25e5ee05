"""The login that proves a credential: by the connection string and nothing else, with SCRAM, to a server that shows who it is."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from tests.drivers.lying_server import Answer, lying
from tests.drivers.postgres_doors import ELSEWHERE, Authority, https_door, listening, postgres_door, thief
from tests.drivers.pull_request import Life
from tests.drivers.terminal import Desk
from tests.drivers.workflow import new_project

VARIABLES = {
    "PGSERVICE": "nowhere",
    "PGOPTIONS": "-c no.such=1 -c statement_timeout=nonsense",
    "PGTARGETSESSIONATTRS": "standby",
    "PGCHANNELBINDING": "require",
    "PGGSSENCMODE": "require",
    "PGSSLROOTCERT": certifi.where(),
    "PGSSLCERTMODE": "require",
    "PGREQUIREAUTH": "none",
    "PGCLIENTENCODING": "nonsense",
    "PGSSLMAXPROTOCOLVERSION": "TLSv1",
}


@pytest.fixture(autouse=True)
def processes(life: Life) -> None:
    """What libpq finds in the environment is a process's own."""
    life.in_process = False


def ports(life: Life) -> tuple[int, int]:
    """Those of the emulator's two endpoints, direct and pooled."""
    project = new_project(life.emulator, "elsewhere")
    database = life.api("POST", "/v1/databases", {"projectId": project, "name": "x", "region": "eu-central-1"}).json()["data"]
    endpoints = database["connections"][0]["endpoints"]
    return endpoints["direct"]["port"], endpoints["pooled"]["port"]


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_of_the_job_changes_nothing(life: Life, variable: str) -> None:
    life.environ[variable] = VARIABLES[variable]
    run = life.opened(timeout="5s")
    assert run.succeeded, "\n".join(run.log)
    assert run.outputs["outcome"] == "created"


@pytest.mark.parametrize("at", ["step", "terminal"])
def test_the_password_goes_to_no_other_address(life: Life, at: str) -> None:
    heard: list[bytes] = []
    direct, _ = ports(life)
    with listening(lambda client: heard.append(client.recv(8)), "127.0.0.2", direct):
        if at == "step":
            life.environ["PGHOSTADDR"] = "127.0.0.2"
            assert life.opened(timeout="5s").succeeded
        else:
            desk = Desk(life, life.root / "shop")
            desk.opened()
            assert desk("create", "--show-secrets", "--timeout", "5s", PGHOSTADDR="127.0.0.2").exit_code == 0
    assert heard == []


def test_files_of_the_home_folder_change_nothing(life: Life, tmp_path: Path) -> None:
    files = tmp_path / "somebody" / ".postgresql"
    files.mkdir(parents=True)
    Authority(tmp_path).file.rename(files / "root.crt")
    for name in ("postgresql.crt", "postgresql.key", "root.crl"):
        (files / name).write_text("nonsense")
    life.environ["HOME"] = str(files.parent)
    assert life.opened(timeout="5s").succeeded


def test_a_server_that_asks_for_the_bare_password_does_not_get_it(life: Life, tmp_path: Path) -> None:
    real, _ = ports(life)
    with thief(Authority(tmp_path).server("127.0.0.1")) as (port, told):

        def elsewhere(answer: Answer) -> None:
            answer.body = answer.body.replace(f"{real}".encode(), f"{port}".encode())

        with lying(life.emulator, elsewhere) as liar:
            life.environ |= liar.environ
            run = life.opened(timeout="60s")
    assert told == []
    assert run.exit_code == 1
    assert run.seconds < 40, "another login would end the same"
    assert any("SCRAM" in annotation.message for annotation in run.annotations)
    assert life.databases() == []


@contextlib.contextmanager
def far_away(life: Life, authority: Authority, *, certificate: Authority | None = None, host: str = ELSEWHERE) -> Iterator[None]:
    """The emulator at an address that is not this machine's. The Management API's certificate is always one that the run trusts."""
    tls = (certificate or authority).server(host)
    with contextlib.ExitStack() as doors:
        moves = {port: doors.enter_context(postgres_door(port, tls)) for port in ports(life)}

        def moved(answer: Answer) -> None:
            text = answer.body.decode()
            for port, door in moves.items():
                text = text.replace(f"127.0.0.1:{port}", f"{ELSEWHERE}:{door}")
                text = re.sub(rf'"host":\s*"127.0.0.1",\s*"port":\s*{port}\b', f'"host":"{ELSEWHERE}","port":{door}', text)
            answer.body = text.encode()

        liar = doors.enter_context(lying(life.emulator, moved))
        api = doors.enter_context(https_door(int(liar.url.rpartition(":")[2]), authority.server()))
        life.environ |= {"PRISMA_MANAGEMENT_API_URL": f"https://{ELSEWHERE}:{api}", "SSL_CERT_FILE": str(authority.file)}
        yield


def test_a_certificate_of_an_authority_that_is_trusted_will_do(life: Life, tmp_path: Path) -> None:
    with far_away(life, Authority(tmp_path)):
        run = life.opened(timeout="10s")
    assert run.succeeded, "\n".join(run.log)
    assert f"@{ELSEWHERE}:" in run.outputs["direct_url"]


def test_a_certificate_that_nobody_vouches_for_is_refused_and_named(life: Life, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with far_away(life, Authority(tmp_path), certificate=Authority(tmp_path / "other")):
        run = life.opened(timeout="3s")
        assert run.exit_code == 1
        (error,) = [annotation for annotation in run.annotations if annotation.level == "error"]
        assert "certificate" in error.message, error.message
        assert "verify_certificate" in error.message
        assert "database_url" not in run.outputs
        assert life.databases() == []
        assert life.opened(timeout="10s", verify_certificate="false").succeeded


def test_a_certificate_for_another_host_is_refused(life: Life, tmp_path: Path) -> None:
    with far_away(life, Authority(tmp_path), host="192.0.2.1"):
        run = life.opened(timeout="60s")
    assert run.exit_code == 1
    assert any("certificate" in annotation.message for annotation in run.annotations)


def test_both_doors_are_proven(life: Life) -> None:
    _, pooled = ports(life)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    def closed(answer: Answer) -> None:
        answer.body = answer.body.replace(f"{pooled}".encode(), f"{port}".encode())

    with lying(life.emulator, closed) as liar:
        life.environ |= liar.environ
        run = life.opened(timeout="3s")
    assert run.exit_code == 1
    assert any(f"port {port}" in annotation.message for annotation in run.annotations)
