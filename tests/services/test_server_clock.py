"""How old a credential is, is told by the server's clock: a runner's may be hours off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from preview_db.services.prisma.client import ManagementApi

ME = b'{"data": {"workspace": {"id": "wksp_1", "name": "Acme"}}}'


@pytest.mark.parametrize(
    ("date", "ahead"),
    [
        (lambda: format_datetime(datetime.now(UTC) - timedelta(hours=7), usegmt=True), timedelta(hours=-7)),
        (lambda: format_datetime(datetime.now(UTC) + timedelta(hours=7), usegmt=True), timedelta(hours=7)),
        (lambda: format_datetime(datetime.now(UTC), usegmt=True), timedelta()),
        (lambda: "the day before yesterday", timedelta()),
        (lambda: "", timedelta()),
    ],
    ids=["7 h behind", "7 h ahead", "right", "nonsense", "nothing"],
)
def test_a_runner_s_clock_that_is_off_makes_nothing_old(date, ahead: timedelta) -> None:
    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", date())
            self.send_header("Content-Length", str(len(ME)))
            self.end_headers()
            self.wfile.write(ME)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with ManagementApi(f"http://127.0.0.1:{server.server_port}", token="t") as api:
            api.me()
            assert abs(api.now() - datetime.now(UTC) - ahead) < timedelta(seconds=5)
        server.shutdown()
