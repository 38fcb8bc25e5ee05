"""A way to the emulator's PostgreSQL that counts the round trips of whoever takes it, holds one of them, and then cuts the connection."""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from tests.drivers.lying_server import Answer, lying
from tests.drivers.postgres_doors import Authority, encrypted, encrypted_to, listening, relay
from tests.drivers.workflow import Workflow, new_project

Phase = Literal["before", "after"]
"""Whether what is asked never arrives, or what is answered never does."""


@dataclass
class RoundTrips:
    """Counts round trips within TLS: all that one end sends before the other has its say is one half of one. Those of a login count.

    Attributes:
        hold_at: the one to hold, from 0.
        hold_s: for how long, in seconds; the connection is cut then.
        held: is set once that is held, and, if it is the answer that is, once PostgreSQL has begun to answer.
    """

    hold_at: int = -1
    phase: Phase = "before"
    hold_s: float = 60
    count: int = 0
    held: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    @classmethod
    @contextlib.contextmanager
    def of(cls, workflow: Workflow, hold_at: int = -1, phase: Phase = "before", *, hold_s: float = 60) -> Iterator[Self]:
        """Has the runs of ``workflow`` take this way to every direct endpoint, until this is left."""
        trips, environ = cls(hold_at, phase, hold_s), dict(workflow.environ)
        port = _direct_port(workflow)

        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as doors:
            tls = Authority(Path(folder)).server("127.0.0.1")
            tls.num_tickets = 0  # those come unasked
            door = doors.enter_context(listening(lambda client: trips._pass_on(client, tls, port)))

            def moved(answer: Answer) -> None:
                body = answer.body.replace(f"127.0.0.1:{port}".encode(), f"127.0.0.1:{door}".encode())
                answer.body = body.replace(f'"port":{port}'.encode(), f'"port":{door}'.encode())

            workflow.environ = {**environ, **doors.enter_context(lying(workflow.emulator, moved)).environ}
            try:
                yield trips
            finally:
                workflow.environ = environ
                trips._over.set()

    def _pass_on(self, client: socket.socket, tls: ssl.SSLContext, port: int) -> None:
        asking = False

        def passes(source: socket.socket) -> bool:
            nonlocal asking
            self.count += source is inside and not asking
            asking = source is inside
            if self.count - 1 != self.hold_at or asking is not (self.phase == "before"):
                return True
            self.held.set()
            self._over.wait(self.hold_s)
            return False

        with encrypted(client, tls) as inside, encrypted_to(port) as server:
            relay(inside, server, passes)


def _direct_port(workflow: Workflow) -> int:
    """The one that all connection strings of the emulator say, in a project that is nobody's."""
    body = {"projectId": new_project(workflow.emulator, "elsewhere"), "name": "x", "region": "eu-central-1"}
    database = workflow.api("POST", "/v1/databases", body).json()["data"]
    return int(database["connections"][0]["endpoints"]["direct"]["port"])
