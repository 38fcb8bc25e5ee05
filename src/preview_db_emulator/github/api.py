"""The GitHub stand-in: the part of the REST API that actions use, for one repository, with the job's token as the only one.

That token acts as ``github-actions[bot]``, so it may not ask who it is, and what it writes bears the bot's name; the control surface
can have it act as another app, or as a person.
Paths and statuses are those of https://docs.github.com/en/rest.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..prisma.bodies import read_object
from ..prisma.models import Refusal
from . import payloads
from .deployments import Deployments
from .pages import Unprocessable, not_found, page, unprocessable
from .repository import BOT, DEFAULT_BRANCH, Comment, GitBranch, PullRequest, Reaction, Repository

Json = dict[str, Any]
Handler = Callable[[Request], Awaitable[Response]]

LONGEST_BODY = 65536  # characters of a comment
BOT_ID = 41898282  # github-actions[bot] on github.com
REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
# A list of pull requests shows less than a single one does.
ONLY_IN_DETAIL = (
    *("merged", "mergeable", "rebaseable", "mergeable_state", "merged_by", "comments", "review_comments"),
    *("maintainer_can_modify", "commits", "additions", "deletions", "changed_files"),
)


def github(repository: Repository, *, api_url: str, server_url: str, token: str) -> Starlette:
    """Return the application; ``api_url`` is what every address in its answers is built on."""
    api = _GitHub(repository, api_url, server_url)
    deployments = Deployments(repository, api.rendered_repository, api.token_account)

    def route(path: str, **handlers: Handler) -> list[Route]:
        return [Route(path, _checked(handler, token), methods=[verb]) for verb, handler in handlers.items()]

    def in_repository(path: str, **handlers: Handler) -> list[Route]:
        by_name = {verb: api.of_this_repository(handler) for verb, handler in handlers.items()}
        by_id = {verb: api.of_this_repository_id(handler) for verb, handler in handlers.items()}
        return [*route("/repos/{owner}/{name}" + path, **by_name), *route("/repositories/{id:int}" + path, **by_id)]

    return Starlette(
        routes=[
            *route("/user", GET=api.user_of_token),
            *route("/rate_limit", GET=api.rate_limit),
            *route("/users/{login}", GET=api.get_user),
            *in_repository("", GET=api.get_repository),
            *in_repository("/pulls", GET=api.list_pulls),
            *in_repository("/pulls/{number:int}", GET=api.get_pull),
            *in_repository("/issues/{number:int}", GET=api.get_issue),
            *in_repository("/issues/{number:int}/labels", GET=api.list_labels),
            *in_repository("/issues/{number:int}/comments", GET=api.list_comments, POST=api.create_comment),
            *in_repository(
                "/issues/comments/{comment:int}",
                GET=api.get_comment,
                PATCH=api.edit_comment,
                DELETE=api.delete_comment,
            ),
            *in_repository("/issues/comments/{comment:int}/reactions", GET=api.list_reactions, POST=api.create_reaction),
            *in_repository("/issues/comments/{comment:int}/reactions/{reaction:int}", DELETE=api.delete_reaction),
            *in_repository("/branches", GET=api.list_branches),
            *in_repository("/branches/{branch:path}", GET=api.get_branch),
            *in_repository("/git/matching-refs/{ref:path}", GET=api.matching_refs),
            *in_repository("/git/ref/{ref:path}", GET=api.get_ref),
            *in_repository("/git/refs/{ref:path}", GET=api.get_ref),
            *in_repository("/collaborators/{login}/permission", GET=api.get_permission),
            *in_repository("/environments", GET=deployments.list_environments),
            *in_repository("/deployments", GET=deployments.list, POST=deployments.create),
            *in_repository("/deployments/{deployment:int}", GET=deployments.get, DELETE=deployments.delete),
            *in_repository("/deployments/{deployment:int}/statuses", GET=deployments.list_statuses, POST=deployments.create_status),
        ],
        exception_handlers={HTTPException: _refuse, Refusal: _refuse_body},
    )


def _checked(handler: Handler, token: str) -> Handler:
    async def checked(request: Request) -> Response:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in ("token", "bearer") or not hmac.compare_digest(given.encode(), token.encode()):
            raise HTTPException(401, "Bad credentials")
        return await handler(request)

    return checked


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = {"message": error.detail, **({"errors": error.errors} if isinstance(error, Unprocessable) else {})}
    about = {"documentation_url": "https://docs.github.com/rest", "status": str(error.status_code)}
    return JSONResponse({**body, **about}, error.status_code)


async def _refuse_body(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return await _refuse(request, HTTPException(refusal.status, "Problems parsing JSON"))


class _GitHub:
    """One method an operation."""

    def __init__(self, repository: Repository, api_url: str, server_url: str) -> None:
        self._repository = repository
        self._api_url = api_url
        self._server_url = server_url

    # What things look like

    def account(self, login: str, kind: str = "User") -> Json:
        id = BOT_ID if login == BOT else payloads.account_id(login)
        kind = "Bot" if login.endswith("[bot]") else kind
        return payloads.user(login, id=id, kind=kind, api_url=self._api_url, server_url=self._server_url)

    def token_account(self) -> Json:
        return self.account(self._repository.token_login)

    def rendered_repository(self) -> Json:
        return payloads.repository(
            self._repository.full_name,
            id=self._repository.id,
            api_url=self._api_url,
            server_url=self._server_url,
            default_branch=DEFAULT_BRANCH,
        )

    def _fork(self, full_name: str) -> Json:
        id = payloads.account_id(f"repository:{full_name}")
        return payloads.repository(full_name, id=id, api_url=self._api_url, server_url=self._server_url, fork=True)

    def _pull(self, pull: PullRequest) -> Json:
        repository = self.rendered_repository()
        own = pull.head_repo == self._repository.full_name
        return payloads.pull_request(
            number=pull.number,
            repository=repository,
            head_ref=pull.head_ref,
            head_sha=pull.head_sha,
            base_ref=pull.base_ref,
            base_sha=self._repository.resolve(pull.base_ref) or pull.head_sha,
            head_repository=repository if own else self._fork(pull.head_repo) if pull.head_repo else None,
            state=pull.state,
            merged=pull.merged,
            draft=pull.draft,
            labels=pull.labels,
            title=pull.title,
            body=pull.body,
            user=self.account(pull.user),
            created_at=pull.created_at,
            updated_at=pull.updated_at,
            closed_at=pull.closed_at,
            merged_at=pull.merged_at,
        )

    def _pull_in_list(self, pull: PullRequest) -> Json:
        return {key: value for key, value in self._pull(pull).items() if key not in ONLY_IN_DETAIL}

    def _comment(self, comment: Comment) -> Json:
        return payloads.issue_comment(
            id=comment.id,
            repository=self.rendered_repository(),
            issue_number=comment.issue,
            body=comment.body,
            user=self.account(comment.login, comment.kind),
            created_at=comment.created_at,
            updated_at=comment.updated_at,
        )

    def _reaction(self, reaction: Reaction) -> Json:
        return {
            "id": reaction.id,
            "node_id": f"REA_{reaction.id}",
            "user": self.account(reaction.login),
            "content": reaction.content,
            "created_at": reaction.created_at,
        }

    def _branch(self, branch: GitBranch) -> Json:
        url = f"{self._url}/commits/{branch.sha}"
        return {
            "name": branch.name,
            "commit": {"sha": branch.sha, "url": url},
            "protected": branch.name == DEFAULT_BRANCH,
            "protection_url": f"{self._url}/branches/{quote(branch.name)}/protection",
        }

    def _ref(self, branch: GitBranch) -> Json:
        commit = {"sha": branch.sha, "type": "commit", "url": f"{self._url}/git/commits/{branch.sha}"}
        ref = f"refs/heads/{branch.name}"
        return {"ref": ref, "node_id": f"REF_{branch.sha}", "url": f"{self._url}/git/{quote(ref)}", "object": commit}

    @property
    def _url(self) -> str:
        return f"{self._api_url}/repos/{self._repository.full_name}"

    # Which repository

    def of_this_repository(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            asked = "{owner}/{name}".format(**request.path_params)
            if asked.lower() != self._repository.full_name.lower():
                not_found()
            return await handler(request)

        return checked

    def of_this_repository_id(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            if request.path_params["id"] != self._repository.id:
                not_found()
            return await handler(request)

        return checked

    # Operations

    async def user_of_token(self, _: Request) -> Response:
        if self._repository.token_login.endswith("[bot]"):
            raise HTTPException(403, "Resource not accessible by integration")
        return JSONResponse(self.token_account())

    async def rate_limit(self, _: Request) -> Response:
        core = {"limit": 5000, "used": 0, "remaining": 5000, "reset": 4102444800}
        return JSONResponse({"resources": {"core": core, "search": core, "graphql": core}, "rate": core})

    async def get_user(self, request: Request) -> Response:
        return JSONResponse(self.account(request.path_params["login"]))

    async def get_repository(self, _: Request) -> Response:
        return JSONResponse(self.rendered_repository())

    async def list_pulls(self, request: Request) -> Response:
        query = request.query_params
        state, head, base = query.get("state", "open"), query.get("head"), query.get("base")
        found = [
            pull
            for pull in self._repository.pulls
            if state in ("all", pull.state)
            and base in (None, pull.base_ref)
            and head in (None, f"{(pull.head_repo or self._repository.full_name).split('/')[0]}:{pull.head_ref}")
        ]
        by_update = query.get("sort") == "updated"
        descending = query.get("direction", "asc" if "sort" in query and query["sort"] != "created" else "desc") == "desc"
        found.sort(key=lambda p: (p.updated_at if by_update else p.created_at, p.number), reverse=descending)
        return page(request, f"{self._url}/pulls", found, self._pull_in_list)

    async def get_pull(self, request: Request) -> Response:
        pull = self._known_pull(request)
        return JSONResponse({**self._pull(pull), "comments": len(self._repository.comments_on(pull.number))})

    async def get_issue(self, request: Request) -> Response:
        pull = self._known_pull(request)
        rendered = {**self._pull(pull), "comments": len(self._repository.comments_on(pull.number))}
        return JSONResponse(payloads.issue(pull_request=rendered, repository=self.rendered_repository()))

    async def list_labels(self, request: Request) -> Response:
        pull = self._known_pull(request)
        repository = self.rendered_repository()
        address = f"{self._url}/issues/{pull.number}/labels"
        return page(request, address, pull.labels, lambda name: payloads.label(name, repository=repository))

    async def list_comments(self, request: Request) -> Response:
        number = self._known_pull(request).number
        address = f"{self._url}/issues/{number}/comments"
        return page(request, address, self._repository.comments_on(number), self._comment)

    async def create_comment(self, request: Request) -> Response:
        number = self._known_pull(request).number
        body = await _comment_body(request)
        return JSONResponse(self._comment(self._repository.comment(number, body, login=self._repository.token_login)), 201)

    async def get_comment(self, request: Request) -> Response:
        return JSONResponse(self._comment(self._known_comment(request)))

    async def edit_comment(self, request: Request) -> Response:
        body = await _comment_body(request)
        comment = self._known_comment(request)
        edited = replace(comment, body=body, updated_at=self._repository.now())
        return JSONResponse(self._comment(self._repository.comments.put(edited)))

    async def delete_comment(self, request: Request) -> Response:
        self._repository.comments.remove(self._known_comment(request).key)
        return Response(status_code=204)

    async def list_reactions(self, request: Request) -> Response:
        comment = self._known_comment(request)
        found = [reaction for reaction in self._repository.reactions if reaction.comment == comment.id]
        return page(request, f"{self._url}/issues/comments/{comment.id}/reactions", found, self._reaction)

    async def create_reaction(self, request: Request) -> Response:
        comment = self._known_comment(request)
        content = (await read_object(request)).get("content")
        if content not in REACTIONS:
            unprocessable(f"content is not one of {', '.join(REACTIONS)}", resource="Reaction", field="content")
        login = self._repository.token_login
        for reaction in self._repository.reactions:
            if (reaction.comment, reaction.content, reaction.login) == (comment.id, content, login):
                return JSONResponse(self._reaction(reaction))
        reaction = Reaction(self._repository.next_id(), comment.id, content, login, self._repository.now())
        return JSONResponse(self._reaction(self._repository.reactions.put(reaction)), 201)

    async def delete_reaction(self, request: Request) -> Response:
        reaction = self._repository.reactions.get(str(request.path_params["reaction"]))
        if reaction is None or reaction.comment != request.path_params["comment"]:
            not_found()
        self._repository.reactions.remove(reaction.key)
        return Response(status_code=204)

    async def list_branches(self, request: Request) -> Response:
        found = sorted(self._repository.branches, key=lambda branch: branch.name)
        return page(request, f"{self._url}/branches", found, self._branch)

    async def get_branch(self, request: Request) -> Response:
        branch = self._repository.branches.get(request.path_params["branch"])
        if branch is None:
            raise HTTPException(404, "Branch not found")
        links = {"self": f"{self._url}/branches/{quote(branch.name)}"}
        return JSONResponse({**self._branch(branch), "_links": links})

    async def matching_refs(self, request: Request) -> Response:
        prefix = f"refs/{request.path_params['ref']}"
        found = [branch for branch in self._repository.branches if f"refs/heads/{branch.name}".startswith(prefix)]
        found.sort(key=lambda branch: branch.name)
        return page(request, f"{self._url}/git/matching-{prefix}", found, self._ref)

    async def get_ref(self, request: Request) -> Response:
        branch = self._repository.branches.get(request.path_params["ref"].removeprefix("heads/"))
        if branch is None:
            not_found()
        return JSONResponse(self._ref(branch))

    async def get_permission(self, request: Request) -> Response:
        login = request.path_params["login"]
        permission = self._repository.permission_of(login)
        ladder = {"none": 0, "read": 1, "write": 3, "admin": 5}
        names = ("pull", "triage", "push", "maintain", "admin")
        granted = {name: index < ladder[permission] for index, name in enumerate(names)}
        user = {**self.account(login), "permissions": granted, "role_name": permission}
        return JSONResponse({"permission": permission, "user": user, "role_name": permission})

    def _known_pull(self, request: Request) -> PullRequest:
        return self._repository.pulls.get(str(request.path_params["number"])) or not_found()

    def _known_comment(self, request: Request) -> Comment:
        return self._repository.comments.get(str(request.path_params["comment"])) or not_found()


async def _comment_body(request: Request) -> str:
    body = (await read_object(request)).get("body")
    if not isinstance(body, str) or not body.strip():
        unprocessable("Body cannot be blank", resource="IssueComment", field="body")
    if len(body) > LONGEST_BODY:
        unprocessable(f"Body is too long (maximum is {LONGEST_BODY} characters)", resource="IssueComment", field="data")
    return body
