"""What a look at a project asks for. It imports next to nothing, since it is needed before all else."""

from __future__ import annotations

import re

PAGE = 100
"""Items of a list that are asked for at a time: the published default, of which no maximum is known."""

DATABASES = "/v1/databases"

_PROJECT_ID = re.compile(r"proj_[A-Za-z0-9]+", re.ASCII)


def is_project_id(asked: str) -> bool:
    """Whether ``asked`` has the form of a project's id."""
    return _PROJECT_ID.fullmatch(asked) is not None


def project(id_: str) -> str:
    return f"/v1/projects/{id_}"


def of_project(id_: str) -> dict[str, str]:
    """The query for what is a project's."""
    return {"projectId": id_}


def first_page(query: dict[str, str]) -> dict[str, str]:
    """The query for the first page of a list."""
    return {"limit": str(PAGE), **query}
