"""Comments on pull requests, and the reactions to them."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..prisma.bodies import read_object
from .pages import known_pull, not_found, page, unprocessable
from .repository import Comment, Reaction, Repository
from .serializers import Serializer

LONGEST_BODY = 65536  # characters of a comment
REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


class Comments:
    """A method an operation."""

    def __init__(self, repository: Repository, serializer: Serializer) -> None:
        self._repository = repository
        self._serializer = serializer

    async def list(self, request: Request) -> Response:
        number = known_pull(self._repository, request).number
        address = f"{self._serializer.url}/issues/{number}/comments"
        return page(request, address, self._repository.comments_on(number), self._serializer.comment)

    async def create(self, request: Request) -> Response:
        number = known_pull(self._repository, request).number
        body = await _comment_body(request)
        return JSONResponse(self._serializer.comment(self._repository.comment(number, body, login=self._repository.token_login)), 201)

    async def get(self, request: Request) -> Response:
        return JSONResponse(self._serializer.comment(self._known_comment(request)))

    async def edit(self, request: Request) -> Response:
        body = await _comment_body(request)
        comment = self._known_comment(request)
        edited = replace(comment, body=body, updated_at=self._repository.now())
        return JSONResponse(self._serializer.comment(self._repository.comments.put(edited)))

    async def delete(self, request: Request) -> Response:
        self._repository.comments.remove(self._known_comment(request).key)
        return Response(status_code=204)

    async def list_reactions(self, request: Request) -> Response:
        comment = self._known_comment(request)
        found = [reaction for reaction in self._repository.reactions if reaction.comment == comment.id]
        return page(request, f"{self._serializer.url}/issues/comments/{comment.id}/reactions", found, self._serializer.reaction)

    async def create_reaction(self, request: Request) -> Response:
        comment = self._known_comment(request)
        content = (await read_object(request)).get("content")
        if content not in REACTIONS:
            unprocessable(f"content is not one of {', '.join(REACTIONS)}", resource="Reaction", field="content")
        login = self._repository.token_login
        for reaction in self._repository.reactions:
            if (reaction.comment, reaction.content, reaction.login) == (comment.id, content, login):
                return JSONResponse(self._serializer.reaction(reaction))
        reaction = Reaction(self._repository.next_id(), comment.id, content, login, self._repository.now())
        return JSONResponse(self._serializer.reaction(self._repository.reactions.put(reaction)), 201)

    async def delete_reaction(self, request: Request) -> Response:
        reaction = self._repository.reactions.get(str(request.path_params["reaction"]))
        if reaction is None or reaction.comment != request.path_params["comment"]:
            not_found()
        self._repository.reactions.remove(reaction.key)
        return Response(status_code=204)

    def _known_comment(self, request: Request) -> Comment:
        return self._repository.comments.get(str(request.path_params["comment"])) or not_found()


async def _comment_body(request: Request) -> str:
    body = (await read_object(request)).get("body")
    if not isinstance(body, str) or not body.strip():
        unprocessable("Body cannot be blank", resource="IssueComment", field="body")
    if len(body) > LONGEST_BODY:
        unprocessable(f"Body is too long (maximum is {LONGEST_BODY} characters)", resource="IssueComment", field="data")
    return body
