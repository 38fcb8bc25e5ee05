"""Signing in without a stored secret: a job's identity for a token that ends by itself, against both real ends in the emulator."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from preview_db.errors import Unauthorised, Unreachable
from preview_db.services.github.oidc import IdentityFailed, NoIdentity, identity_token, is_offered
from preview_db.services.prisma.client import ManagementApi
from preview_db.services.prisma.keyless import LONGEST, NotConnected, lifetime
from preview_db_emulator.client import Emulator
from tests.action.identities import EXCHANGE, TOKEN, Job, environ, is_said_well
from tests.drivers import plain_http


@pytest.fixture
def job(running: Emulator) -> Iterator[Job]:
    running.control("DELETE", "requests")
    yield Job(running)
    running.control("DELETE", "oidc")
    running.control("DELETE", "faults")


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
    with plain_http.client() as anybody:
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
    with plain_http.client() as anybody:
        published = anybody.get(f"{claims['iss']}/.well-known/jwks").json()["keys"][0]
    mine = jwt.algorithms.RSAAlgorithm.from_jwk(published)
    assert isinstance(mine, RSAPublicKey)
    public = mine.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

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
    with plain_http.client(base_url=job.api) as anybody:
        for body in bodies:
            answer = anybody.post(EXCHANGE, json=body)
            assert answer.status_code == 401
            assert set(answer.json()) == {"error", "errorDescription"}
            assert answer.json()["error"] == "unauthorized"
        assert anybody.get("/v1/me", headers={"Authorization": "Bearer emulated_short_guess"}).status_code == 401


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
