"""A server that lies: it stands before the emulator, passes everything on, and changes what comes back; and one that only listens."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from preview_db_emulator.client import Emulator

from . import plain_http

Json = dict[str, Any]


@dataclasses.dataclass
class Answer:
    """What the emulator answered to `operation`, to be changed; `body` is sent so many `times`, `pause_s` apart."""

    operation: str
    status: int
    headers: dict[str, str]
    body: bytes
    times: int = 1
    pause_s: float = 0.0

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @json.setter
    def json(self, content: Any) -> None:
        self.body = json.dumps(content).encode()
        self.headers["Content-Type"] = "application/json"


Lie = Callable[[Answer], None]


def about(operation: str, change: Lie) -> Lie:
    """The lie, told in answer to operations (`METHOD /path`) that match only."""

    def lie(answer: Answer) -> None:
        if re.search(operation, answer.operation):
            change(answer)

    return lie


def in_data(change: Callable[[Any], Any]) -> Lie:
    """A lie about `data` (of a success): each item of it, if it is a list."""

    def lie(answer: Answer) -> None:
        content = answer.json if 200 <= answer.status < 300 else None
        if isinstance(content, dict) and "data" in content:
            for item in content["data"] if isinstance(content["data"], list) else [content["data"]]:
                change(item)
            answer.json = content

    return lie


def without_endpoints(*names: str) -> Lie:
    """A connection comes without these ends."""

    def change(connection: Any) -> None:
        for name in names:
            connection["endpoints"].pop(name, None)

    return in_data(change)


@dataclasses.dataclass
class Listener:
    """A host that nobody should send anything to; with what it got all the same."""

    url: str
    heard: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Liar:
    """The emulator by another address, where `lie` has the last word."""

    url: str
    emulator: Emulator
    lie: Lie
    asked: list[str] = dataclasses.field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        return {"PRISMA_MANAGEMENT_API_URL": self.url, "GITHUB_API_URL": f"{self.url}/github"}


@contextlib.contextmanager
def lying(emulator: Emulator, lie: Lie = lambda _: None) -> Iterator[Liar]:
    origin = str(emulator.addresses["management_api_url"])
    with plain_http.client(base_url=origin, timeout=60) as behind:

        def handle(request: BaseHTTPRequestHandler) -> None:
            body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
            headers = {
                name: value for name, value in request.headers.items() if name.lower() in ("authorization", "content-type", "accept")
            }
            liar.asked.append(f"{request.command} {request.path}")
            got = behind.request(request.command, request.path, content=body, headers=headers)
            kept = {name: got.headers[name] for name in ("content-type", "link") if name in got.headers}
            here = {name: value.replace(origin, liar.url) for name, value in kept.items()}
            answer = Answer(
                f"{request.command} {request.path}", got.status_code, here, got.content.replace(origin.encode(), liar.url.encode())
            )
            liar.lie(answer)
            _send(request, answer)

        with _serving(handle) as url:
            liar = Liar(url, emulator, lie)
            yield liar


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    def handle(request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        listener.heard.append(f"{request.requestline}\n{request.headers}\n{body!r}")
        _send(request, Answer("", 200, {"Content-Type": "application/json"}, b"{}"))

    with _serving(handle) as url:
        listener = Listener(url)
        yield listener


def _send(request: BaseHTTPRequestHandler, answer: Answer) -> None:
    with contextlib.suppress(OSError):  # the other side may have heard enough
        request.send_response(answer.status)
        headers = {"Content-Length": str(len(answer.body) * answer.times), "Connection": "close", **answer.headers}
        if answer.status in (204, 304):
            del headers["Content-Length"]
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        for _ in range(answer.times):
            request.wfile.write(answer.body)
            time.sleep(answer.pause_s)
        request.wfile.flush()


@contextlib.contextmanager
def _serving(handle: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.close_connection = True
            handle(self)

        do_CONNECT = do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 100

        def handle_error(self, *_: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(5)
