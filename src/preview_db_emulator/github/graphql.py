"""The part of GitHub's GraphQL API that actions use which write comments or read pull requests, of all repositories that a token sees."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..prisma.bodies import read_object
from . import payloads
from .graphql_schema import SCHEMA
from .payloads.parts import node_id
from .repository import Comment, PullRequest, Repository
from .serializers import Serializer
from .server import Hosted, Server, Token

if TYPE_CHECKING:
    from graphql import DocumentNode, GraphQLError, GraphQLSchema

Json = dict[str, Any]

LARGEST_PAGE = 100


@functools.cache
def _schema() -> GraphQLSchema:
    import graphql  # here, as below: it takes a while, and hardly anybody comes this way

    return graphql.build_schema(SCHEMA)


@functools.lru_cache(maxsize=100)
def _read(query: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
    """A query that holds to the schema, or what is wrong with it. Actions ask the same ones each time, and checking one takes a while."""
    import graphql

    try:
        document = graphql.parse(query)
    except graphql.GraphQLError as error:
        return None, [error]
    errors = graphql.validate(_schema(), document)
    return (None if errors else document), errors


class GraphQL:
    """Queries on all repositories, and mutations on the one whose workflows run here."""

    def __init__(self, server: Server, api_url: str, server_url: str) -> None:
        self._server = server
        self._api_url = api_url
        self._server_url = server_url
        self._repository = server.first
        self._serializer = Serializer(server.first, api_url, server_url)

    async def post(self, request: Request) -> Response:
        import graphql

        body = await read_object(request)
        document, errors = _read(str(body.get("query", "")))
        data = None
        if document is not None:
            result = graphql.execute_sync(
                _schema(),
                document,
                {**self._queries(), **self._mutations()},
                context_value=request.state.token,
                variable_values=body.get("variables") or {},
                operation_name=body.get("operationName"),
            )
            data, errors = result.data, result.errors or []
        shown = [{**dict(error.formatted), **(error.extensions or {})} for error in errors]
        return JSONResponse({"data": data, **({"errors": shown} if shown else {})})

    def _queries(self) -> Json:
        return {"viewer": self._viewer, "repository": self._find_repository, "node": self._find_node}

    def _mutations(self) -> Json:
        def mutation(change: Callable[[Json], Json]) -> Callable[..., Json]:
            return lambda _, input: {"clientMutationId": input.get("clientMutationId"), **change(input)}

        return {
            "addComment": mutation(self._add),
            "updateIssueComment": mutation(lambda input: {"issueComment": self._change(input["id"], body=input["body"])}),
            "deleteIssueComment": mutation(self._delete),
            "minimizeComment": mutation(self._minimize),
            "unminimizeComment": mutation(lambda input: {"unminimizedComment": self._change(input["subjectId"], minimized=None)}),
        }

    # Models as the schema has them

    def _viewer(self, _: Any) -> Json:
        account = self._serializer.token_account()
        return self._actor(account) | {"__typename": "User", "login": account["login"]}

    def _actor(self, account: Json) -> Json:
        """An author; a bot's login has no ``[bot]`` here, as it has in the REST API and in ``viewer``."""
        kind = "Bot" if account["type"] == "Bot" else "User"
        links = {"avatarUrl": account["avatar_url"], "url": account["html_url"]}
        login = account["login"].removesuffix("[bot]")
        return {"__typename": kind, "id": account["node_id"], "databaseId": account["id"], "login": login, **links}

    def _find_repository(self, info: Any, owner: str, name: str, **__: Any) -> Json:
        hosted = self._server.by_name(f"{owner}/{name}")
        if hosted is None or not _token(info).sees(hosted):
            raise _not_found(f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return self._hosted(hosted)

    def _find_node(self, info: Any, id: str) -> Json:
        hosted = next((hosted for hosted in self._server if node_id("R", 0, hosted.id) == id), None)
        if hosted is None:
            return self._node(id)
        if not _token(info).sees(hosted):
            raise _not_found(f"Could not resolve to a node with the global id of '{id}'")
        return self._hosted(hosted)

    def _hosted(self, hosted: Hosted) -> Json:
        repository = self._server.repository(hosted)
        serializer = Serializer(repository, self._api_url, self._server_url)

        def find_pull(_: Any, number: int) -> Json:
            pull = repository.pulls.get(str(number))
            if pull is None:
                raise _not_found(f"Could not resolve to a PullRequest with the number of {number}.")
            return self._pull(pull, repository, serializer)

        return {**_repository(serializer.repository()), "pullRequest": find_pull}

    def _pull(self, pull: PullRequest, repository: Repository, serializer: Serializer) -> Json:
        own, is_own = _repository(serializer.repository()), pull.head_repo == repository.full_name
        labels = [payloads.label(name, repository=serializer.repository()) for name in pull.labels]

        def in_full(read: Callable[[Json], Any]) -> Callable[..., Any]:
            return lambda _: read(serializer.pull(pull))  # much, of which little is asked for

        return {
            "__typename": "PullRequest",
            "id": in_full(lambda shown: shown["node_id"]),
            "databaseId": in_full(lambda shown: shown["id"]),
            "url": in_full(lambda shown: shown["html_url"]),
            "number": pull.number,
            "title": pull.title,
            "state": "MERGED" if pull.merged else pull.state.upper(),
            "isDraft": pull.draft,
            "merged": pull.merged,
            "createdAt": pull.created_at,
            "updatedAt": pull.updated_at,
            "closedAt": pull.closed_at,
            "mergedAt": pull.merged_at,
            "headRefName": pull.head_ref,
            "headRefOid": pull.head_sha,
            "headRepository": own if is_own else in_full(lambda shown: shown["head"]["repo"] and _repository(shown["head"]["repo"])),
            "baseRefName": pull.base_ref,
            "baseRefOid": repository.resolve(pull.base_ref) or pull.head_sha,
            "baseRepository": own,
            "labels": lambda _, **bounds: _page("labels", [{**label, "id": label["node_id"]} for label in labels], **bounds),
            "comments": lambda _, **bounds: _page(
                "comments", [self._comment(comment) for comment in repository.comments_on(pull.number)], **bounds
            ),
        }

    def _comment(self, comment: Comment) -> Json:
        shown = self._serializer.comment(comment)
        return {
            "__typename": "IssueComment",
            "id": shown["node_id"],
            "databaseId": comment.id,
            "author": self._actor(shown["user"]),
            "body": comment.body,
            "isMinimized": comment.minimized is not None,
            "minimizedReason": comment.minimized,
            "url": shown["html_url"],
            "createdAt": comment.created_at,
            "updatedAt": comment.updated_at,
            "viewerDidAuthor": comment.login == self._repository.token_login,
        }

    # What is done

    def _node(self, id: str) -> Json:
        for pull in self._repository.pulls:
            if self._serializer.pull(pull)["node_id"] == id:
                return self._pull(pull, self._repository, self._serializer)
        return self._comment(self._known_comment(id))

    def _known_comment(self, id: str) -> Comment:
        for comment in self._repository.comments:
            if self._serializer.comment(comment)["node_id"] == id:
                return comment
        raise _not_found(f"Could not resolve to a node with the global id of '{id}'")

    def _add(self, input: Json) -> Json:
        subject = self._node(input["subjectId"])
        comment = self._repository.comment(subject["number"], input["body"], login=self._repository.token_login)
        shown = self._comment(comment)
        return {"subject": subject, "commentEdge": {"cursor": shown["id"], "node": shown}}

    def _change(self, id: str, **changes: Any) -> Json:
        edited = replace(self._known_comment(id), updated_at=self._repository.now(), **changes)
        return self._comment(self._repository.comments.put(edited))

    def _minimize(self, input: Json) -> Json:
        reason = str(input["classifier"]).lower().replace("_", "-")
        return {"minimizedComment": self._change(input["subjectId"], minimized=reason)}

    def _delete(self, input: Json) -> Json:
        self._repository.comments.remove(self._known_comment(input["id"]).key)
        return {}


def _token(info: Any) -> Token:
    assert isinstance(info.context, Token)
    return info.context


def _repository(shown: Json) -> Json:
    return {
        "__typename": "Repository",
        "id": shown["node_id"],
        "databaseId": shown["id"],
        "name": shown["name"],
        "nameWithOwner": shown["full_name"],
        "url": shown["html_url"],
    }


def _page(connection: str, nodes: Sequence[Json], **bounds: Any) -> Json:
    """A page of a connection; a cursor is the node's id."""
    first, last = bounds.get("first"), bounds.get("last")
    size = first if last is None else last
    if size is None or (first is not None and last is not None) or not 0 <= size <= LARGEST_PAGE:
        raise _refused(f"You must provide a `first` or `last` value of at most 100 to properly paginate the `{connection}` connection.")
    ids = [node["id"] for node in nodes]
    start = ids.index(bounds["after"]) + 1 if bounds.get("after") in ids else 0
    end = ids.index(bounds["before"]) if bounds.get("before") in ids else len(nodes)
    start, end = (max(start, end - size), end) if first is None else (start, min(end, start + size))
    shown = nodes[start:end]
    return {
        "nodes": shown,
        "edges": [{"cursor": node["id"], "node": node} for node in shown],
        "totalCount": len(nodes),
        "pageInfo": {
            "startCursor": shown[0]["id"] if shown else None,
            "endCursor": shown[-1]["id"] if shown else None,
            "hasNextPage": end < len(nodes),
            "hasPreviousPage": start > 0,
        },
    }


def _not_found(message: str) -> Exception:
    from graphql import GraphQLError

    return GraphQLError(message, extensions={"type": "NOT_FOUND"})


def _refused(message: str) -> Exception:
    from graphql import GraphQLError

    return GraphQLError(message, extensions={"type": "MISSING_PAGINATION_BOUNDARIES"})
