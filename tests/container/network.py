"""The network that a job's containers have to themselves, with the emulator at its localhost, as it is for what runs beside it.

The service's tokens go over https or to this machine and nowhere else; so what listens at the machine's loopback has to be at the
container's, too. `--network host` would give the step all else that listens there as well, which GitHub's runner never does.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

from preview_db_emulator.client import Emulator
from tests.drivers.workflow import api

FORWARD = """
import socket, sys, threading
def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
def serve(listener, port):
    while True:
        here, _ = listener.accept()
        there = socket.create_connection(("host.docker.internal", port))
        for pair in ((here, there), (there, here)):
            threading.Thread(target=copy, args=pair, daemon=True).start()
for port in sys.argv[2:]:
    listener = socket.create_server(("127.0.0.1", int(port)))
    threading.Thread(target=serve, args=(listener, int(port)), daemon=True).start()
print("listening", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def network(running: Emulator, image: str, python: str) -> Iterator[str]:
    """What to give `docker run --network`: a network of its own where the engine has one, and the machine's where it has not.

    The emulator has to listen on every address (`--host 0.0.0.0`).
    """
    if subprocess.run(["docker", "network", "inspect", "bridge"], capture_output=True, check=False).returncode:
        yield "host"
        return
    name = f"preview-db-network-{running.process.pid}"
    command = ["docker", "run", "--rm", "--interactive", "--name", name, "--add-host", "host.docker.internal:host-gateway"]
    command += ["--entrypoint", python, image, "-I", "-c", FORWARD, "--", *map(str, _ports(running))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as forwarding:
        assert forwarding.stdout
        assert forwarding.stdout.readline() == "listening\n", "the container that forwards to the emulator did not start"
        yield f"container:{name}"
        forwarding.communicate()


def _ports(running: Emulator) -> list[int]:
    """Of the APIs, and of the direct and the pooled end-point."""
    (database,) = api(running, "GET", f"/v1/databases?projectId={running.addresses['project_id']}").json()["data"]
    made = api(running, "POST", f"/v1/databases/{database['id']}/connections", {"name": "ports"}).json()["data"]
    urls = [running.addresses["management_api_url"], *(made["endpoints"][kind]["connectionString"] for kind in ("direct", "pooled"))]
    return [port for url in urls if (port := urlsplit(url).port)]
