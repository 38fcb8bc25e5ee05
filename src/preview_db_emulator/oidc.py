"""Signing in without a secret, both ends of it: GitHub's issuer of identity tokens, and Prisma's exchange that takes them.

The two share nothing but the issuer's address and its published keys, as in the world. GitHub's end is as in
https://docs.github.com/en/actions/reference/security/oidc; the exchange answers in the contract's two shapes, one 401 for every refusal.
"""

from __future__ import annotations

import functools
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .github.repository import Repository, made_up_sha
from .prisma.bodies import read_object
from .prisma.models import Refusal, bare, new_id
from .prisma.serializers import timestamp
from .prisma.tokens import new_token
from .prisma.workspace import Workspace

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

Json = dict[str, Any]

AUDIENCE = "prisma-cloud"
USUAL_S, LONGEST_S = 1800, 3600  # how long an issued token lasts: if nothing is asked for, and at most
NEEDED = ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"]


@dataclass(slots=True)
class Settings:
    """What the control surface may change. Times in seconds.

    project: which one the repository is connected to, None for not at all; claims: replaces what GitHub would say, and leaves out what
    is null; signed_by: ``github``, ``stranger`` (a key that is not published, under the id of one that is) or ``nobody`` (``alg: none``);
    lifetime_s, not_before_s: of identity tokens, from now; granted_s: of issued tokens, whatever was asked for.
    """

    project: str | None
    claims: Json = field(default_factory=dict)
    signed_by: str = "github"
    lifetime_s: float = 300
    not_before_s: float = -600
    granted_s: float | None = None


class Issuer:
    """GitHub's end: signs who a job is."""

    def __init__(
        self,
        repository: Repository,
        settings: Settings,
        *,
        url: str,
        server_url: str,
        request_token: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url = url
        self._request_token = request_token
        self._repository = repository
        self._settings = settings
        self._server_url = server_url
        self._clock = clock
        self._key_id = secrets.token_hex(20).upper()

    @property
    def request_url(self) -> str:
        """What a job is told. It has a query already, and clients go on with ``&audience=``."""
        return f"{self.url}/token?api-version=2.0"

    def routes(self) -> list[Route]:
        """Below the issuer's address."""
        return [
            Route("/token", self.token),
            Route("/.well-known/openid-configuration", self.configuration),
            Route("/.well-known/jwks", self.published_keys),
        ]

    def jwks(self) -> Json:
        """The public keys, as anybody may fetch them."""
        from jwt.algorithms import RSAAlgorithm

        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": self._key_id, "alg": "RS256", "use": "sig"}]}

    async def token(self, request: Request) -> Response:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(given.encode(), self._request_token.encode()):
            return JSONResponse({"message": "Unauthorized"}, 401)
        value = self._signed(self._claims(request.query_params.get("audience")))
        return JSONResponse({"count": len(value), "value": value})

    async def configuration(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/.well-known/jwks",
                "subject_types_supported": ["public", "pairwise"],
                "response_types_supported": ["id_token"],
                "claims_supported": [*self._claims(None)],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid"],
            }
        )

    async def published_keys(self, _: Request) -> Response:
        return JSONResponse(self.jwks())

    @functools.cached_property
    def _key(self) -> RSAPrivateKey:
        return _new_key()  # not at the start: it takes a tenth of a second that few who start an emulator have use for

    def _claims(self, audience: str | None) -> Json:
        """Of a job that a pull request started, unless the settings say otherwise. Numbers are strings, as at GitHub."""
        now = int(self._clock())
        name = self._repository.full_name
        owner = name.split("/")[0]
        workflow = f"{name}/.github/workflows/preview.yml@refs/pull/1/merge"
        sha = made_up_sha("1")
        claims = {
            "jti": str(uuid.uuid4()),
            "sub": f"repo:{name}:pull_request",
            "aud": audience or f"{self._server_url}/{owner}",
            "ref": "refs/pull/1/merge",
            "sha": sha,
            "repository": name,
            "repository_owner": owner,
            "repository_owner_id": "9919",
            "run_id": "1000",
            "run_number": "1",
            "run_attempt": "1",
            "repository_visibility": "private",
            "repository_id": str(self._repository.id),
            "actor_id": "583231",
            "actor": "octocat",
            "workflow": "Preview",
            "head_ref": "feature-1",
            "base_ref": "main",
            "event_name": "pull_request",
            "ref_protected": "false",
            "ref_type": "branch",
            "workflow_ref": workflow,
            "workflow_sha": sha,
            "job_workflow_ref": workflow,
            "job_workflow_sha": sha,
            "runner_environment": "github-hosted",
            "iss": self.url,
            "nbf": int(now + self._settings.not_before_s),
            "exp": int(now + self._settings.lifetime_s),
            "iat": now,
        }
        return {name: value for name, value in {**claims, **self._settings.claims}.items() if value is not None}

    def _signed(self, claims: Json) -> str:
        import jwt

        if self._settings.signed_by == "nobody":
            return jwt.encode(claims, "", algorithm="none", headers={"kid": self._key_id})
        key = self._key if self._settings.signed_by == "github" else _new_key()
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": self._key_id, "x5t": self._key_id})


class Exchange:
    """Prisma's end: takes an identity token of a connected repository, and issues one for the Management API."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        *,
        repository_id: int,
        issuer: str,
        keys: Callable[[], Json],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.refusals: list[str] = []
        self._workspace = workspace
        self._settings = settings
        self._repository_id = repository_id
        self._issuer = issuer
        self._keys = keys
        self._clock = clock
        self._issued: dict[str, float] = {}

    def routes(self) -> list[Route]:
        return [Route("/v1/auth/github-actions/token", self.exchange, methods=["POST"])]

    def accepts(self, token: str) -> bool:
        """Whether it was issued here and has not ended."""
        return self._clock() < self._issued.get(token, 0)

    async def exchange(self, request: Request) -> Response:
        import jwt

        try:
            body = await read_object(request)
            seconds = _asked_for(body)
            self._check(body.get("token"))
        except (Refusal, ValueError, jwt.PyJWTError) as error:
            # Whatever the reason, this is all that is said. Who tests a client finds it at the control surface.
            self.refusals.append(str(error))
            said = "The GitHub Actions identity token could not be exchanged"
            return JSONResponse({"error": "unauthorized", "errorDescription": said}, 401)
        ends = self._clock() + (seconds if self._settings.granted_s is None else self._settings.granted_s)
        value = new_token(self._workspace.id, expires_at=ends)
        self._issued[value] = ends
        data = {"id": new_id(), "type": "serviceToken", "value": value, "expiresAt": timestamp(ends)}
        return JSONResponse({"data": {**data, "workspaceId": f"wksp_{self._workspace.id}"}}, 201)

    def _check(self, token: object) -> None:
        """Raises ValueError or PyJWTError for a token that is not GitHub's, not for Prisma, not for now, or of a stranger."""
        import jwt

        if not isinstance(token, str):
            raise ValueError("token: required")
        key_id = jwt.get_unverified_header(token).get("kid")
        key = next((key for key in jwt.PyJWKSet.from_dict(self._keys()).keys if key.key_id == key_id), None)
        if key is None:
            raise ValueError("no key of that id is published")
        claims = jwt.decode(
            token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=self._issuer, options={"require": NEEDED, "strict_aud": True}
        )
        # By the number, which stays when a repository is renamed and is nobody else's when it is deleted.
        if claims.get("repository_id") != str(self._repository_id) or self._settings.project is None:
            raise ValueError("the repository is not connected to a project")
        if self._workspace.projects.get(bare(self._settings.project, "proj")) is None:
            raise ValueError("the project is gone")


class Control:
    """Connects and disconnects the repository, and has either end behave badly: ``/_emulator/oidc``."""

    def __init__(self, settings: Settings, exchange: Exchange) -> None:
        self._settings = settings
        self._exchange = exchange
        self._before = asdict(settings)

    def routes(self) -> list[Route]:
        return [
            Route("/_emulator/oidc", self.show),
            Route("/_emulator/oidc", self.change, methods=["PUT"]),
            Route("/_emulator/oidc", self.reset, methods=["DELETE"]),
        ]

    async def show(self, _: Request) -> Response:
        return JSONResponse({**asdict(self._settings), "refusals": self._exchange.refusals})

    async def change(self, request: Request) -> Response:
        changes = await request.json()
        names = {field.name for field in fields(Settings)}
        if not isinstance(changes, dict) or changes.keys() - names:
            return JSONResponse({"error": f"expected an object of {', '.join(sorted(names))}"}, 422)
        if changes.get("signed_by", "github") not in ("github", "stranger", "nobody"):
            return JSONResponse({"error": "signed_by is github, stranger or nobody"}, 422)
        self._set(changes)
        return await self.show(request)

    async def reset(self, _: Request) -> Response:
        self._set(self._before)
        self._exchange.refusals.clear()
        return Response(status_code=204)

    def _set(self, values: Json) -> None:
        for name, value in values.items():
            setattr(self._settings, name, value)


def _asked_for(body: Json) -> float:
    seconds = body.get("expiresInSeconds", USUAL_S)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 1 <= seconds <= LONGEST_S:
        raise ValueError(f"expiresInSeconds: expected a number up to {LONGEST_S}")
    return seconds


def _new_key() -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
