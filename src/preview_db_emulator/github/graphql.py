"""The part of GitHub's GraphQL API that actions which write comments use, in the published schema's names and types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..prisma.bodies import read_object
from .repository import Comment, PullRequest, Repository
from .serializers import Serializer

Json = dict[str, Any]

SCHEMA = """
scalar DateTime
scalar URI
interface Node { id: ID! }
interface Actor { login: String! avatarUrl: URI! url: URI! }
type User implements Node & Actor { id: ID! databaseId: Int login: String! avatarUrl: URI! url: URI! }
type Bot implements Node & Actor { id: ID! databaseId: Int login: String! avatarUrl: URI! url: URI! }
type PageInfo { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String }
type IssueComment implements Node {
  id: ID! databaseId: Int author: Actor body: String! isMinimized: Boolean! minimizedReason: String url: URI!
  createdAt: DateTime! updatedAt: DateTime! viewerDidAuthor: Boolean!
}
type IssueCommentEdge { cursor: String! node: IssueComment }
type IssueCommentConnection { nodes: [IssueComment] edges: [IssueCommentEdge] pageInfo: PageInfo! totalCount: Int! }
type PullRequest implements Node {
  id: ID! databaseId: Int number: Int! title: String! state: String! url: URI!
  comments(first: Int, after: String, last: Int, before: String): IssueCommentConnection!
}
type Repository implements Node {
  id: ID! databaseId: Int name: String! nameWithOwner: String! url: URI! pullRequest(number: Int!): PullRequest
}
type Query { viewer: User! repository(owner: String!, name: String!, followRenames: Boolean): Repository node(id: ID!): Node }
enum ReportedContentClassifiers { SPAM ABUSE OFF_TOPIC OUTDATED DUPLICATE RESOLVED }
input AddCommentInput { subjectId: ID! body: String! clientMutationId: String }
input UpdateIssueCommentInput { id: ID! body: String! clientMutationId: String }
input DeleteIssueCommentInput { id: ID! clientMutationId: String }
input MinimizeCommentInput { subjectId: ID! classifier: ReportedContentClassifiers! clientMutationId: String }
input UnminimizeCommentInput { subjectId: ID! clientMutationId: String }
type AddCommentPayload { clientMutationId: String commentEdge: IssueCommentEdge subject: Node }
type UpdateIssueCommentPayload { clientMutationId: String issueComment: IssueComment }
type DeleteIssueCommentPayload { clientMutationId: String }
type MinimizeCommentPayload { clientMutationId: String minimizedComment: IssueComment }
type UnminimizeCommentPayload { clientMutationId: String unminimizedComment: IssueComment }
type Mutation {
  addComment(input: AddCommentInput!): AddCommentPayload
  updateIssueComment(input: UpdateIssueCommentInput!): UpdateIssueCommentPayload
  deleteIssueComment(input: DeleteIssueCommentInput!): DeleteIssueCommentPayload
  minimizeComment(input: MinimizeCommentInput!): MinimizeCommentPayload
  unminimizeComment(input: UnminimizeCommentInput!): UnminimizeCommentPayload
}
"""
LARGEST_PAGE = 100


class GraphQL:
    """Queries and mutations on the one repository there is."""

    def __init__(self, repository: Repository, serializer: Serializer) -> None:
        self._repository = repository
        self._serializer = serializer
        self._schema: Any = None

    async def post(self, request: Request) -> Response:
        import graphql  # here: it takes a while, and hardly anybody comes this way

        if self._schema is None:
            self._schema = graphql.build_schema(SCHEMA)
        body = await read_object(request)
        result = graphql.graphql_sync(
            self._schema,
            str(body.get("query", "")),
            {**self._queries(), **self._mutations()},
            variable_values=body.get("variables") or {},
            operation_name=body.get("operationName"),
        )
        errors = [{**dict(error.formatted), **(error.extensions or {})} for error in result.errors or ()]
        return JSONResponse({"data": result.data, **({"errors": errors} if errors else {})})

    def _queries(self) -> Json:
        return {"viewer": self._viewer, "repository": self._find_repository, "node": lambda _, id: self._node(id)}

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

    def _find_repository(self, _: Any, owner: str, name: str, **__: Any) -> Json:
        if f"{owner}/{name}".lower() != self._repository.full_name.lower():
            raise _not_found(f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        shown = self._serializer.repository()
        return {
            "__typename": "Repository",
            "id": shown["node_id"],
            "databaseId": shown["id"],
            "name": shown["name"],
            "nameWithOwner": shown["full_name"],
            "url": shown["html_url"],
            "pullRequest": self._find_pull,
        }

    def _find_pull(self, _: Any, number: int) -> Json:
        pull = self._repository.pulls.get(str(number))
        if pull is None:
            raise _not_found(f"Could not resolve to a PullRequest with the number of {number}.")
        return self._pull(pull)

    def _pull(self, pull: PullRequest) -> Json:
        shown = self._serializer.pull(pull)
        return {
            "__typename": "PullRequest",
            "id": shown["node_id"],
            "databaseId": shown["id"],
            "number": pull.number,
            "title": pull.title,
            "state": "MERGED" if pull.merged else pull.state.upper(),
            "url": shown["html_url"],
            "comments": lambda _, **page: self._page(self._repository.comments_on(pull.number), **page),
        }

    def _page(self, comments: list[Comment], **bounds: Any) -> Json:
        """A page of a connection; a cursor is the node's id."""
        first, last = bounds.get("first"), bounds.get("last")
        size = first if last is None else last
        if size is None or (first is not None and last is not None) or not 0 <= size <= LARGEST_PAGE:
            raise _refused("You must provide a `first` or `last` value of at most 100 to properly paginate the `comments` connection.")
        nodes = [self._comment(comment) for comment in comments]
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
            if (shown := self._pull(pull))["id"] == id:
                return shown
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


def _not_found(message: str) -> Exception:
    from graphql import GraphQLError

    return GraphQLError(message, extensions={"type": "NOT_FOUND"})


def _refused(message: str) -> Exception:
    from graphql import GraphQLError

    return GraphQLError(message, extensions={"type": "MISSING_PAGINATION_BOUNDARIES"})
