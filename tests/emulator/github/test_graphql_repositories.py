"""What GraphQL tells of repositories beside the first: pull requests, to tokens that see them, within a limit of its own."""

from __future__ import annotations

from typing import Any

import httpx

from tests.drivers import plain_http
from tests.drivers.emulator import StandIn

QUERY = """
query($id: ID!) {
  node(id: $id) { ... on Repository { databaseId pullRequest(number: 7) {
    number state isDraft closedAt mergedAt labels(first: 100) { nodes { name } totalCount }
    headRepository { databaseId } baseRepository { databaseId nameWithOwner }
  } } }
}
"""
TOKEN = "ghs_" + "g" * 36


def test_a_pull_request_of_any_repository_is_told_to_a_token_that_sees_it(stand_in: StandIn) -> None:
    hosted = stand_in.control.put("github/repositories/graph/ql", json={"private": True}).json()
    row = {"number": 7, "state": "closed", "merged": True, "draft": True, "labels": ["keep"], "head_repo": None}
    stand_in.control.post("github/repositories/graph/ql/pulls", json=[row]).raise_for_status()
    stand_in.control.put(f"github/tokens/{TOKEN}", json={"repositories": None}).raise_for_status()
    with plain_http.client(base_url=stand_in.ready["github_api_url"], headers={"Authorization": f"Bearer {TOKEN}"}) as app:
        shown = app.get(f"/repositories/{hosted['id']}").json()
        answer = app.post("/graphql", json={"query": QUERY, "variables": {"id": shown["node_id"]}})
    assert answer.headers["x-ratelimit-resource"] == "graphql"
    node: dict[str, Any] = answer.json()["data"]["node"]
    assert node["databaseId"] == hosted["id"]
    told = node["pullRequest"]
    assert (told["number"], told["state"], told["isDraft"], told["headRepository"]) == (7, "MERGED", True, None)
    assert told["labels"] == {"nodes": [{"name": "keep"}], "totalCount": 1}
    assert told["baseRepository"] == {"databaseId": hosted["id"], "nameWithOwner": "graph/ql"}
    assert told["closedAt"] == told["mergedAt"] is not None
    jobs = {"Authorization": f"Bearer {stand_in.ready['github_token']}"}
    unseen = httpx.post(
        f"{stand_in.ready['github_api_url']}/graphql", json={"query": QUERY, "variables": {"id": shown["node_id"]}}, headers=jobs
    )
    assert unseen.json()["data"] == {"node": None}
    assert unseen.json()["errors"][0]["type"] == "NOT_FOUND"
