"""Text that other people write (branches, titles, labels, logins, names, an API's messages) is text, wherever it comes to stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Run
from tests.drivers.lying_server import Answer, about, lying
from tests.drivers.workflow import Workflow, new_project
from tests.torture.claims import LONG, check_manners
from tests.torture.lies import prepare

HOSTILE = {
    "a command": "x\n::set-output name=database_url::postgres://evil",
    "a masked word": "\r\n::add-mask::e\r::stop-commands::t\u2028::error::x",
    "an old command": "##[error]x ##[add-mask]e",
    "an escaped line": "%0A::error::x%0D%25",
    "a file command": "x<<EOF\ny\nEOF\nGITHUB_OUTPUT=z\npreview_db_0123<<",
    "HTML": "</details></td></table><!-- --><img src=x onerror=y><script>z</script>",
    "a mention": "@everyone @octocat/team x@y.example",
    "links": "[a](https://evil.example) ![b](//evil.example) <https://evil.example> www.evil.example https://evil.example",
    "Markdown": "`a` **b** ~~c~~ _d_\n# e\n- f\n1. g\n> h\n---\n| i | j |\n|--|--|\n```\nk",
    "table cells": "a|b\\|c\\\\|d`|`e\\",
    "a marker": "--> <!-- preview-db aaaaaaaaaaaaaaaa -->",
    "controls": "a\x00b\x07c\x1b[31md\x7f\x9b",
    "directions": "a\u202eb\u2066c\u200fd\u061ce\ufefff\u00adg",
    "half a character": "a\ud800b",
    "100 kB": "x" * 100_000,
    "100 kB of markup": "[<`|*" * 20_000,
}

ONCE = "".join(value for value in HOSTILE.values() if len(value) < 1000)
TOLD = HOSTILE if LONG else {"all of it at once": ONCE, "100 kB of markup": HOSTILE["100 kB of markup"]}

_reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@pytest.fixture
def workflow(workflow: Workflow) -> Workflow:
    workflow.inputs["timeout"] = "3s"
    return workflow


def tokens(markdown: str) -> Iterator[Token]:
    for token in _reader.parse(markdown.replace("\x00", "\ufffd")):
        yield from token.children or [token]


def shape(markdown: str) -> list[tuple[str, str]]:
    """What a reader makes of it but the words: every heading, cell, code, link and piece of HTML, in order."""
    return [
        (one.type, re.sub("[a-z2-7]{16}", "tag", one.content) if one.type.startswith("html") else "")
        for one in tokens(markdown)
        if one.type not in ("text", "text_special", "softbreak")
    ]


def check_text(markdown: str) -> None:
    """GitHub makes links and mentions of bare text, too."""
    for one in tokens(markdown):
        if one.type == "text":
            assert not re.search(r"@[A-Za-z0-9]", one.content), one.content[:300]
            assert not re.search(r"://[A-Za-z0-9]|www\.[A-Za-z0-9]", one.content), one.content[:300]


def check_run(run: Run, workflow: Workflow) -> None:
    """One error at most, no masks but ours, no outputs but ours, nothing that a terminal would obey."""
    check_manners(run)
    known = {str(workflow.emulator.addresses[name]) for name in ("service_token", "github_token")}
    for mask in run.masks:
        assert (
            mask in known
            or any(mask in text for text in (run.outputs.get("database_url", ""), run.outputs.get("pooled_url", "")))
            or "postgres" in mask
        )
    for line in run.raw_stdout.replace("\r", "\n").split("\n"):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", line), line[:200]
        assert "##[" not in line
        if line.lstrip().startswith("::"):
            assert re.match(r"::(add-mask|debug|(notice|warning|error) title=[^:,\n]*)::", line), line[:200]
    assert set(run.outputs) <= OUTPUTS
    assert all(value != "postgres://evil" for value in run.outputs.values())
    check_text(run.summary)
    assert len(run.summary.encode()) <= 1024 * 1024


OUTPUTS = {
    "database_url", "direct_url", "pooled_url", "password", "connection_urls", "host", "port", "database", "user", "database_id",
    "database_name", "project_id", "connection_id", "outcome", "deleted", "plan", "swept",
}  # fmt: skip


@pytest.mark.parametrize("text", TOLD.values(), ids=TOLD)
def test_a_pull_requests_words(workflow: Workflow, text: str) -> None:
    """Title, text, branch, label and login of an event, whatever GitHub would allow in them."""
    tame = workflow.pull()
    expected = tame.opened()
    shown = shape(tame.comments()[0]["body"])
    pull = workflow.pull()
    payload = pull.event("opened", state="open")
    told = payload["pull_request"]
    told |= {"title": text, "body": text, "labels": [{"name": text}]}
    told["head"] |= {"ref": text, "label": text}
    told["user"] = payload["sender"] = {**payload["sender"], "login": text}
    run = workflow.within("pull_request", payload)
    check_run(run, workflow)
    assert run.exit_code == 0, run.log[:20]
    (comment,) = pull.comments()
    assert shape(comment["body"]) == shown
    check_text(comment["body"])
    assert shape(run.summary) == shape(expected.summary)


@pytest.mark.parametrize("text", TOLD.values(), ids=TOLD)
def test_a_branchs_name(workflow: Workflow, text: str) -> None:
    def push(branch: str) -> Run:
        payload = payloads.push_event(ref=f"refs/heads/{branch}", before="1" * 40, after="2" * 40, **workflow.where)
        return workflow.within("push", payload)

    expected, run = push("feat/x"), push(text)
    check_run(run, workflow)
    assert run.exit_code == 0, run.log[:20]
    assert re.fullmatch(r"shop-br-[a-z0-9-]+", run.outputs["database_name"])
    assert shape(run.summary) == shape(expected.summary)
    assert len(workflow.databases()) == 2


@pytest.mark.parametrize("text", TOLD.values(), ids=TOLD)
def test_orders_in_comments(workflow: Workflow, text: str) -> None:
    pull = workflow.pull()
    prepare(pull)
    opened = pull.event("synchronize")["pull_request"]
    for body, login in (
        (text, "octocat"),
        (f"/preview-db {text}", "octocat"),
        (f"/preview-db delete\n{text}", text),
        (f"/preview-db {text[:50]}", text),
    ):
        sender = {**workflow.where["sender"], "login": login}
        comment = payloads.issue_comment(
            id=1,
            repository=workflow.where["repository"],
            issue_number=pull.number,
            body=body,
            user=sender,
            created_at=opened["created_at"],
            updated_at=opened["updated_at"],
        )
        shown = {**opened, "comments": 0}
        payload = payloads.issue_comment_event(
            action="created", comment=comment, pull_request=shown, repository=workflow.where["repository"], sender=sender
        )
        check_run(workflow.within("issue_comment", payload), workflow)
    assert len(pull.databases()) == 1, "nobody who may not write has had anything deleted"


@pytest.mark.parametrize("text", TOLD.values(), ids=TOLD)
def test_names_in_the_workspace(workflow: Workflow, text: str) -> None:
    """A project's, and those of databases that other people have made in it."""
    sendable = text.encode("utf-8", "replace").decode().replace("\x00", "0")
    workflow.project = new_project(workflow.emulator, sendable)
    workflow.emulator.control("POST", "databases", [{"name": sendable, "project": workflow.project, "logicalId": sendable[:60]}])
    pull = workflow.pull()
    run = pull.opened()
    check_run(run, workflow)
    assert run.exit_code == 0, run.log[:20]
    check_text(pull.comments()[0]["body"])
    swept = workflow.sweep()
    check_run(swept, workflow)
    assert swept.exit_code == 0
    assert len(workflow.databases()) == 2
    check_run(workflow.within("pull_request", pull.event("synchronize"), {"project": "no such project"}), workflow)


@pytest.mark.parametrize("text", [value for value in HOSTILE.values() if value.isprintable() and len(value) < 256])
def test_the_users_own_name_for_it(workflow: Workflow, text: str) -> None:
    """`database_name` may be made of a branch's name by the workflow."""
    tame, pull = workflow.pull(), workflow.pull()
    expected = tame.opened(database_name="tame")
    run = pull.opened(database_name=text)
    check_run(run, workflow)
    assert run.outputs["database_name"] == text
    assert shape(pull.comments()[0]["body"]) == shape(tame.comments()[0]["body"])
    check_text(pull.comments()[0]["body"])
    assert shape(run.summary) == shape(expected.summary)


@pytest.mark.parametrize("operation", [r"GET /v1/projects", r"POST /v1/databases$", r"GET /v1/databases\?", "/github/"])
@pytest.mark.parametrize("text", TOLD.values(), ids=TOLD)
def test_what_an_api_says(workflow: Workflow, operation: str, text: str) -> None:
    bodies: list[Any] = [
        {"error": {"code": text, "message": text, "hint": text}, "message": text},
        {"error": text, "errorDescription": text},
        {"message": {"text": text}},
    ]
    runs = []
    for status in (403,) if operation == "/github/" else (400, 403, 422):
        for content in bodies[: 1 if status != 403 else 3]:

            def lie(answer: Answer, status: int = status, content: Any = content) -> None:
                answer.status, answer.json = status, content

            pull = workflow.pull()
            with lying(workflow.emulator, about(operation, lie)) as liar:
                workflow.environ = liar.environ
                run = pull.opened()
                workflow.environ = {}
            check_run(run, workflow)
            assert run.exit_code == (0 if operation == "/github/" else 1), run.log[:20]
            runs.append(run)
    if operation != "/github/":
        assert all(shape(run.summary) == shape(runs[0].summary) for run in runs), "the same lines whatever is said"
