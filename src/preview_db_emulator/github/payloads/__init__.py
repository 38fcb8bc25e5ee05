"""GitHub's objects and webhook payloads, with every key GitHub documents for them.

Pure functions. API addresses are built on ``api_url`` and pages on ``server_url``; the functions that take a
repository read both from it, so that no two parts of a payload disagree.
"""

from .details import commit_in_full, full_repository, public_user
from .events import (
    create_event,
    delete_event,
    issue_comment_event,
    merge_group_event,
    pull_request_event,
    push_event,
    repository_dispatch_event,
    schedule_event,
    workflow_dispatch_event,
    workflow_run_event,
)
from .objects import commit, repository, user
from .parts import account_id, merge_commit
from .pull_requests import issue, issue_comment, label, pull_request

__all__ = [
    "account_id",
    "commit",
    "commit_in_full",
    "create_event",
    "delete_event",
    "full_repository",
    "issue",
    "issue_comment",
    "issue_comment_event",
    "label",
    "merge_commit",
    "merge_group_event",
    "public_user",
    "pull_request",
    "pull_request_event",
    "push_event",
    "repository",
    "repository_dispatch_event",
    "schedule_event",
    "user",
    "workflow_dispatch_event",
    "workflow_run_event",
]
