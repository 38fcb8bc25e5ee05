"""Pull requests of many repositories in one request, by GraphQL: each is asked for by its number, in a repository named by its id.

A list proves that a pull request is not open by leaving it out; this says of each what it is. What an answer does not say whole (a null,
another repository, an error beside the data) is left out here, and is for the lists to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from ...planning.events import End, PullRequest, Repository
from ...planning.repositories import Listed
from .rest import Rest

Key = tuple[int, int]
"""A repository's id and a pull request's number."""

Ends = dict[tuple[int, str] | None, End]
"""The branches' repositories, by id and name: nearly all are the same one, and there may be tens of thousands of pull requests."""

AT_A_TIME = 100
"""Pull requests in a query. GitHub allows many more and ends a query after ten seconds: these are as many as a page of a list has."""

_STATES = {"OPEN": "open", "CLOSED": "closed", "MERGED": "closed"}

_FIELDS = """fragment Fields on PullRequest {
  number state isDraft updatedAt closedAt mergedAt labels(first: 100) { nodes { name } }
  headRepository { databaseId nameWithOwner } baseRepository { databaseId nameWithOwner }
}"""


def read(rest: Rest, asked: Iterable[tuple[Listed, int]]) -> dict[Key, PullRequest]:
    """Those of ``asked`` of which GitHub says all there is to know.

    Raises :class:`Refused`, ``httpx.HTTPError`` or ``ValueError`` if there is no usable answer.
    """
    repositories: dict[int, tuple[Listed, list[int]]] = {}
    for listed, number in asked:
        repositories.setdefault(listed.id, (listed, []))[1].append(number)
    variables = {f"r{id_}": listed.node_id for id_, (listed, _) in repositories.items()}
    parts = (
        f"r{id_}: node(id: $r{id_}) {{ ... on Repository {{ databaseId"
        + "".join(f" p{number}: pullRequest(number: {number}) {{ ...Fields }}" for number in numbers)
        + " } }"
        for id_, (_, numbers) in repositories.items()
    )
    query = f"query({', '.join(f'${name}: ID!' for name in variables)}) {{ {' '.join(parts)} }} {_FIELDS}"
    if not (data := rest.graphql(query, **variables)):
        raise ValueError("no data")
    found: dict[Key, PullRequest] = {}
    ends: Ends = {}
    for id_, (_, numbers) in repositories.items():
        answer = data.get(f"r{id_}") or {}
        for number in numbers:
            pull_request = _pull_request(answer.get(f"p{number}"), ends)
            if answer.get("databaseId") == id_ and pull_request is not None and _is(pull_request, id_, number):
                found[id_, number] = pull_request
    return found


def _is(pull_request: PullRequest, repository_id: int, number: int) -> bool:
    base = pull_request.base.repo
    return pull_request.number == number and base is not None and base.id == repository_id


def _pull_request(node: Any, ends: Ends) -> PullRequest | None:
    """What an answer says of one, in the form that REST says it in; none if that is not enough."""
    try:
        return PullRequest.model_validate(
            {
                "number": node["number"],
                "state": _STATES[node["state"]],
                "draft": node["isDraft"],
                "labels": node["labels"]["nodes"],
                "head": _end(node["headRepository"], ends),
                "base": _end(node["baseRepository"], ends),
                "updated_at": node["updatedAt"],
                "closed_at": node["closedAt"],
                "merged_at": node["mergedAt"],
            }
        )
    except (KeyError, TypeError, ValidationError):
        return None


def _end(node: Mapping[str, Any] | None, ends: Ends) -> End:
    """A branch, of which no more is asked than whose it is."""
    key = None if node is None else (node["databaseId"], node["nameWithOwner"])
    if key not in ends:
        ends[key] = End(ref="", sha="", repo=None if key is None else Repository(id=key[0], full_name=key[1]))
    return ends[key]
