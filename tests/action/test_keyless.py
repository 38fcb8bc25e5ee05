"""Signing in without a stored secret: a job's identity for a token that ends by itself, against both real ends in the emulator."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from preview_db.errors import PreviewError, Unauthorised, Unreachable
from preview_db.services.github.oidc import IdentityFailed, NoIdentity, identity_token, is_offered
from preview_db.services.prisma.client import ManagementApi
from preview_db.services.prisma.keyless import LONGEST, NotConnected, ShortLived, exchange, lifetime
from preview_db_emulator.client import Emulator

TOKEN = "request-token-of-the-job"


@dataclass
class Job:
    """A job with `id-token: write`, and the masks it has asked for so far, in their order."""

    emulator: Emulator
    masks: list[str] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        return environ(self.emulator.addresses["oidc_request_url"], self.emulator.addresses["oidc_request_token"])

    @property
    def api(self) -> str:
        return str(self.emulator.addresses["management_api_url"])

    def mask(self, secret: SecretStr) -> None:
        self.masks.append(secret.get_secret_value())

    def identity(self, **options: Any) -> SecretStr:
        return identity_token(self.environ, mask=self.mask, **options)

    def trade(self, identity: SecretStr, *, seconds: int = 1800) -> ShortLived:
        return exchange(self.api, identity, seconds=seconds, repository=self.emulator.repository, mask=self.mask)

    def signs_in(self, *, seconds: int = 1800) -> ShortLived:
        return self.trade(self.identity(), seconds=seconds)

    def terms(self, **changes: object) -> dict[str, Any]:
        return dict(self.emulator.control("PUT", "oidc", changes))

    def requests(self, path: str) -> list[int]:
        """The statuses of what was asked of `path`."""
        return [one["status"] for one in self.emulator.control("GET", "requests") if one["path"] == path]


def environ(url: str, token: str = TOKEN) -> dict[str, str]:
    return {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": token}


@pytest.fixture
def job(running: Emulator) -> Iterator[Job]:
    running.control("DELETE", "requests")
    yield Job(running)
    running.control("DELETE", "oidc")
    running.control("DELETE", "faults")


EXCHANGE = "/v1/auth/github-actions/token"


def is_said_well(error: PreviewError, *secrets: str) -> None:
    for sentence in (error.what, error.cause, error.remedy):
        assert sentence.endswith("."), sentence
        assert "\n" not in sentence
    assert all(secret not in str(error) for secret in secrets)


# As it should be


def test_a_connected_repository_signs_in_and_what_it_gets_is_good_for_the_api(job: Job) -> None:
    signed_in = job.signs_in()
    assert signed_in.workspace_id == job.emulator.addresses["workspace_id"]
    assert timedelta(minutes=29) < signed_in.expires_at - datetime.now(UTC) <= timedelta(minutes=30, seconds=1)
    with ManagementApi(job.api, token=signed_in.value.get_secret_value()) as api:
        assert job.emulator.addresses["project_id"] in {one.id for one in api.projects()}
        assert api.me().workspace is not None


def test_what_it_gets_ends_by_itself(job: Job) -> None:
    job.terms(granted_s=1)
    value = job.signs_in().value.get_secret_value()
    with ManagementApi(job.api, token=value) as api:
        api.projects()
        time.sleep(1.1)
        with pytest.raises(Unauthorised):
            api.projects()


def test_each_sign_in_gets_a_token_of_its_own(job: Job) -> None:
    assert job.signs_in().value != job.signs_in().value


def test_it_asks_for_what_the_job_needs_and_an_hour_at_most(job: Job) -> None:
    assert [lifetime(timedelta(seconds=seconds)) for seconds in (0, 120, 1800, 3600, 10**9)] == [600, 720, 2400, 3600, 3600]
    left = job.signs_in(seconds=lifetime(timedelta(seconds=120))).expires_at - datetime.now(UTC)
    assert timedelta(minutes=11) < left <= timedelta(minutes=12, seconds=1)
    with pytest.raises(NotConnected):
        job.signs_in(seconds=int(LONGEST.total_seconds()) + 1)


def test_the_identity_is_what_github_documents_and_its_signature_verifies(job: Job) -> None:
    token = job.identity().get_secret_value()
    with httpx.Client(trust_env=False) as anybody:
        issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
        found = anybody.get(f"{issuer}/.well-known/openid-configuration").json()
        keys = jwt.PyJWKSet.from_dict(anybody.get(found["jwks_uri"]).json())
    assert found["issuer"] == issuer
    header = jwt.get_unverified_header(token)
    assert (header["typ"], header["alg"]) == ("JWT", "RS256")
    claims = jwt.decode(token, keys[header["kid"]], algorithms=["RS256"], audience="prisma-cloud", issuer=issuer)
    assert set(claims) == set(found["claims_supported"])
    assert claims["repository"] == job.emulator.repository
    assert claims["repository_id"] == str(job.emulator.addresses["repository_id"])
    assert claims["sub"] == f"repo:{job.emulator.repository}:pull_request"
    assert claims["nbf"] <= claims["iat"] < claims["exp"]
    assert job.identity(audience="somebody else").get_secret_value() != token


def test_githubs_end_point_wants_its_own_token(job: Job) -> None:
    for token in ("wrong", job.emulator.addresses["github_token"]):
        with pytest.raises(NoIdentity, match="HTTP 401") as refused:
            identity_token(environ(job.environ["ACTIONS_ID_TOKEN_REQUEST_URL"], token), mask=job.mask)
        is_said_well(refused.value, token)


# Refused


def test_a_repository_that_is_not_connected_is_told_how(job: Job) -> None:
    job.terms(project=None)
    with pytest.raises(NotConnected) as refused:
        job.signs_in()
    is_said_well(refused.value, *job.masks)
    for word in (
        job.emulator.repository,
        "not connected",
        "git connect",
        "experimental",
        "secrets.PRISMA_SERVICE_TOKEN",
        "could not be exchanged",
    ):
        assert word in str(refused.value)
    assert job.terms(project=job.emulator.addresses["project_id"])["refusals"] == ["the repository is not connected to a project"]
    job.signs_in()


def test_a_connection_to_a_project_that_was_deleted_is_none(job: Job) -> None:
    job.terms(project="proj_gone")
    with pytest.raises(NotConnected):
        job.signs_in()


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"lifetime_s": -1}, "expired"),
        ({"not_before_s": 60}, "not yet valid"),
        ({"signed_by": "stranger"}, "Signature verification failed"),
        ({"claims": {"aud": "sts.amazonaws.com"}}, "Audience"),
        ({"claims": {"aud": ["prisma-cloud", "other"]}}, "claim format"),
        ({"claims": {"iss": "https://token.actions.example.com"}}, "issuer"),
        ({"claims": {"repository_id": "1"}}, "not connected"),
        ({"claims": {"jti": None}}, "jti"),
        ({"claims": {"exp": None}}, "exp"),
    ],
)
def test_an_identity_that_is_not_quite_right_is_refused_by_the_exchange(job: Job, terms: dict[str, Any], reason: str) -> None:
    job.terms(**terms)
    with pytest.raises(NotConnected):
        job.signs_in()
    (said,) = job.terms()["refusals"]
    assert reason.lower() in said.lower()


def test_an_identity_that_nobody_signed_is_not_even_traded(job: Job) -> None:
    job.terms(signed_by="nobody")
    with pytest.raises(IdentityFailed, match="no token"):
        job.signs_in()
    assert job.requests(EXCHANGE) == []


def forged(job: Job, how: str) -> str:
    """A token made by somebody who has seen a real one, and the published keys."""
    real = job.identity().get_secret_value()
    header, claims = jwt.get_unverified_header(real), jwt.decode(real, options={"verify_signature": False})
    mine = jwt.algorithms.RSAAlgorithm.from_jwk(httpx.get(f"{claims['iss']}/.well-known/jwks", trust_env=False).json()["keys"][0])
    public = mine.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[union-attr]  # it is a public key

    def part(content: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    if how == "other claims under the old signature":
        return ".".join([real.split(".")[0], part({**claims, "repository_id": "1"}), real.split(".")[2]])
    if how == "the public key as a password":
        import hashlib
        import hmac

        signed = f"{part({**header, 'alg': 'HS256'})}.{part(claims)}"
        return f"{signed}.{base64.urlsafe_b64encode(hmac.new(public, signed.encode(), hashlib.sha256).digest()).decode().rstrip('=')}"
    if how == "no algorithm":
        return f"{part({**header, 'alg': 'none'})}.{part(claims)}."
    if how == "a key that is not published":
        return f"{part({**header, 'kid': 'mine'})}.{part(claims)}.{real.split('.')[2]}"
    return how


@pytest.mark.parametrize(
    "how",
    [
        *("other claims under the old signature", "the public key as a password", "no algorithm", "a key that is not published"),
        *("", "no token", "a.b.c", "...", "é"),
    ],
)
def test_a_forged_identity_is_refused(job: Job, how: str) -> None:
    with pytest.raises(NotConnected):
        job.trade(SecretStr(forged(job, how)))
    assert len(job.terms()["refusals"]) == 1


def test_every_refusal_has_the_published_shape(job: Job) -> None:
    bodies: tuple[object, ...] = ({}, {"token": 5}, {"token": "x", "expiresInSeconds": 3601}, {"token": "x", "expiresInSeconds": "1"}, [])
    for body in bodies:
        answer = httpx.post(f"{job.api}{EXCHANGE}", json=body, trust_env=False)
        assert answer.status_code == 401
        assert set(answer.json()) == {"error", "errorDescription"}
        assert answer.json()["error"] == "unauthorized"
    assert httpx.get(f"{job.api}/v1/me", headers={"Authorization": "Bearer emulated_short_guess"}, trust_env=False).status_code == 401


# Not offered


def test_a_job_without_the_permission_is_shown_what_to_paste() -> None:
    masks: list[SecretStr] = []
    for partly in ({}, {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x"}, {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}, environ("", "")):
        assert not is_offered(partly)
        with pytest.raises(NoIdentity) as refused:
            identity_token(partly, mask=masks.append)
        is_said_well(refused.value)
        assert "permissions: {id-token: write" in refused.value.remedy
        assert "secrets.PRISMA_SERVICE_TOKEN" in refused.value.remedy
    assert masks == []


def test_a_forks_pull_request_is_told_that_it_never_gets_one() -> None:
    with pytest.raises(NoIdentity) as refused:
        identity_token({}, mask=lambda _: None, from_fork=True)
    is_said_well(refused.value)
    assert "fork" in refused.value.what
    assert "pull_request_target" in refused.value.remedy
    assert "id-token: write'" not in str(refused.value), "no permission helps"


@pytest.mark.parametrize(
    "url",
    [
        "http://token.actions.example.com/x",
        "ftp://localhost/x",
        "https://me@host/x",
        "https:///x",
        "nonsense",
        "https://[::1",
        "http://localhost.evil.example/",
    ],
)
def test_the_request_token_goes_to_no_address_that_is_not_safe(url: str) -> None:
    masks: list[SecretStr] = []
    with pytest.raises(IdentityFailed, match="may be sent to") as refused:
        identity_token(environ(url), mask=masks.append)
    is_said_well(refused.value, TOKEN)
    assert [one.get_secret_value() for one in masks] == [TOKEN]


def test_a_request_token_that_would_be_two_headers_is_not_sent() -> None:
    with pytest.raises(IdentityFailed):
        identity_token(environ("https://localhost:1/x", "a\r\nX: y"), mask=lambda _: None)


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
    """One that gives its answers in turn, the last one for ever."""
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


@pytest.mark.parametrize("kind", ["429-retry-after", "500", "502", "lost", "truncated", "html", "reset"])
def test_the_exchange_is_asked_again_since_a_token_nobody_knows_does_no_harm(job: Job, kind: str) -> None:
    job.emulator.control("PUT", "faults", {"kinds": [kind], "operations": [EXCHANGE], "count": 1})
    started = time.monotonic()
    with ManagementApi(job.api, token=job.signs_in().value.get_secret_value()) as api:
        api.me()
    statuses = job.requests(EXCHANGE)
    assert len(statuses) == 2
    assert statuses[-1] == 201
    if kind == "429-retry-after":
        assert time.monotonic() - started >= 1, "Retry-After is honoured"


def test_an_exchange_that_keeps_failing_is_an_error_and_no_refusal(job: Job) -> None:
    job.emulator.control("PUT", "faults", {"kinds": ["500"], "operations": [EXCHANGE]})
    with pytest.raises(Unreachable, match="HTTP 500") as failed:
        job.signs_in()
    is_said_well(failed.value, *job.masks)
    assert len(job.requests(EXCHANGE)) == 6
