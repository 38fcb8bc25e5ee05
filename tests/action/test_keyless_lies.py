"""Whatever the two ends of a keyless sign-in answer, it is said well, and no secret is shown or sent elsewhere."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from preview_db.errors import PreviewError, Unreachable
from preview_db.services.github.oidc import IdentityFailed, identity_token
from preview_db.services.prisma.keyless import NotConnected, ShortLived, exchange
from tests.action.identities import EXCHANGE, TOKEN, environ, is_said_well

# An end that misbehaves


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    masks: tuple[str, ...]


@dataclass
class End:
    """A server that answers what it is told to, and notes what it was asked and what was masked by then."""

    url: str
    answers: list[tuple[int, bytes]]
    masks: list[str]
    asked: list[Asked]

    def mask(self, secret: SecretStr) -> None:
        self.masks.append(secret.get_secret_value())

    def identity(self) -> SecretStr:
        return identity_token(environ(f"{self.url}/token?api-version=2.0"), mask=self.mask)

    def trade(self) -> ShortLived:
        return exchange(self.url, SecretStr("a.b.c"), seconds=600, repository="acme/shop", mask=self.mask)


@pytest.fixture
def end() -> Iterator[Callable[..., End]]:
    """One that gives its answers in turn, the last one for good."""
    with contextlib.ExitStack() as stack:

        def start(*answers: tuple[int, object]) -> End:
            given = [(status, body if isinstance(body, bytes) else json.dumps(body).encode()) for status, body in answers]
            one = End("", given, [], [])

            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                    one.asked.append(Asked(self.command, self.path, dict(self.headers), body, tuple(one.masks)))
                    status, content = one.answers[min(len(one.asked), len(one.answers)) - 1]
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(content)))
                    if 300 <= status < 400:
                        self.send_header("Location", f"http://127.0.0.1:9{self.path}")
                    if status == 429:
                        self.send_header("Retry-After", "1")
                    self.end_headers()
                    self.wfile.write(content)

                do_POST = do_GET  # noqa: N815 - the library's name

                def log_message(self, *_: object) -> None:
                    pass

            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.shutdown)
            one.url = f"http://127.0.0.1:{server.server_port}"
            return one

        yield start


GOOD = {
    "id": "tok_1",
    "type": "serviceToken",
    "value": "short-lived-value",
    "expiresAt": "2026-11-20T12:00:00.000Z",
    "workspaceId": "wksp_1",
    "later": "more",
}


@pytest.mark.parametrize(
    "content",
    [
        *({}, [], None, 5, b"", {"value": None}, {"value": ""}, {"value": 5}, {"value": {"a": 1}}),
        *({"value": "some text"}, {"value": "a.b"}, {"value": "a.b.c\n"}, {"value": f"a.b.{'c' * 70_000}"}),
    ],
)
def test_an_end_point_that_answers_nonsense_is_said_and_what_it_said_is_masked(end: Callable[..., End], content: object) -> None:
    github = end((200, content))
    with pytest.raises(IdentityFailed, match="can't be understood") as refused:
        github.identity()
    value = content.get("value") if isinstance(content, dict) else None
    is_said_well(refused.value, TOKEN)
    if isinstance(value, str) and value:
        assert github.masks == [TOKEN, value]
        assert value not in str(refused.value)


def test_an_end_point_that_answers_with_a_page_is_asked_again_and_then_said(end: Callable[..., End]) -> None:
    github = end((200, b"<html>"), (503, b""), (200, {"value": "a.b.c"}))
    assert github.identity().get_secret_value() == "a.b.c"
    assert [one.path for one in github.asked] == ["/token?api-version=2.0&audience=prisma-cloud"] * 3


def test_an_end_point_that_sends_elsewhere_is_not_followed(end: Callable[..., End]) -> None:
    for status in (301, 302, 307, 308):
        github = end((status, b""))
        with pytest.raises(IdentityFailed, match=f"HTTP {status}"):
            github.identity()
        assert len(github.asked) == 1
        prisma = end((status, b""))
        with pytest.raises(PreviewError, match=f"HTTP {status}"):
            prisma.trade()


def test_an_end_point_that_is_not_there_is_said() -> None:
    with pytest.raises(IdentityFailed, match=r"no answer from 127\.0\.0\.1") as refused:
        identity_token(environ("http://127.0.0.1:9/token?x=y"), mask=lambda _: None)
    is_said_well(refused.value, TOKEN)


def test_every_secret_is_masked_before_it_is_used(end: Callable[..., End]) -> None:
    github = end((200, {"value": "a.b.c", "count": 5}))
    github.identity()
    (asked,) = github.asked
    assert asked.masks == (TOKEN,)
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert github.masks == [TOKEN, "a.b.c"]
    prisma = end((201, {"data": GOOD}))
    signed_in = prisma.trade()
    (asked,) = prisma.asked
    assert (asked.method, asked.path, asked.masks) == ("POST", EXCHANGE, ("a.b.c",))
    assert json.loads(asked.body) == {"token": "a.b.c", "expiresInSeconds": 600}
    assert "Authorization" not in asked.headers, "the identity is in the body, and in no header that a proxy may log"
    assert prisma.masks == ["a.b.c", "short-lived-value"]
    assert "short-lived-value" not in repr(signed_in) + str(signed_in) + signed_in.model_dump_json()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((name, value) for name in GOOD for value in (None, "", {"a": 1}) if name != "later"),
        *(
            ("type", "x"),
            ("type", 5),
            ("value", 5),
            ("value", "a\nb"),
            ("value", "é"),
            ("expiresAt", "soon"),
            ("expiresAt", "2026-11-20T12:00:00"),
        ),
        *(("id", 5), ("id", "x" * 300), ("workspaceId", 5)),
    ],
)
def test_an_exchange_that_answers_half_of_it_hands_nothing_out(end: Callable[..., End], field: str, value: object) -> None:
    prisma = end((201, {"data": {**GOOD, field: value}}))
    with pytest.raises(Unreachable, match="can't be understood") as refused:
        prisma.trade()
    is_said_well(refused.value, "short-lived-value", "a.b.c")
    given = value if field == "value" else GOOD["value"]
    assert prisma.masks == (["a.b.c", given] if isinstance(given, str) else ["a.b.c"])


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": []}, [], None, b""])
def test_an_exchange_that_answers_something_else_is_said(end: Callable[..., End], body: object) -> None:
    with pytest.raises(Unreachable, match="can't be understood"):
        end((201, body)).trade()


@pytest.mark.parametrize(
    "body", [{}, [], b"", b"<html>", {"errorDescription": 5}, {"error": {"code": "authentication-failed", "message": "no"}}]
)
def test_a_refusal_in_another_shape_is_one(end: Callable[..., End], body: object) -> None:
    with pytest.raises(NotConnected) as refused:
        end((401, body)).trade()
    is_said_well(refused.value, "a.b.c")


def test_other_refusals_are_said_as_the_apis_are(end: Callable[..., End]) -> None:
    for status in (400, 403, 404, 422):
        with pytest.raises(PreviewError, match="Trading the job's GitHub identity") as refused:
            end((status, {"error": {"code": "client-error", "message": "expiresInSeconds: too large"}})).trade()
        assert "expiresInSeconds: too large" in refused.value.what
        assert not isinstance(refused.value, NotConnected)
