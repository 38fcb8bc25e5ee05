"""Listening on a port, and serving an application on it with a transport that faults can cut off."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol


class CannotStart(Exception):
    """The stand-ins can't be started; the message says why."""


@contextlib.contextmanager
def listening(host: str, port: int, before: int) -> Iterator[socket.socket]:
    """Listen on ``port``; where any will do, on the one used ``before`` if it is still free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in (port,) if port else (before, 0):
        # Said in full, or asyncio doesn't see that it is TCP and leaves Nagle's 40 ms in.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
        except OSError as error:
            listener.close()
            if candidate == port:
                raise CannotStart(f"Can't listen on {host}, port {port}: {error.strerror}") from error
            continue
        listener.listen(1024)
        listener.setblocking(False)
        with listener:
            yield listener
        return


def in_url(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, host)


class _Protocol(H11Protocol):
    """Hands the transport on, as ``scope["state"]["transport"]``: faults.py cuts connections off."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # narrower than asyncio, as uvicorn is
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Leaves signals alone: they are ``run``'s."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def http_server(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    server = _Server(
        uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await serving
