"""A file of variables in a workspace: written, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from preview_db.errors import PreviewError
from preview_db.services.dotenv.file import check, write
from preview_db.services.workspace import CannotWrite

URL = "postgres://user:p%25ss%24@db.prisma.io:5432/postgres?sslmode=require&application_name=a%20b"
KEY = "DATABASE_URL"
HOLDS = f'{KEY}="{URL}"'.encode()


def put(workspace: Path, path: str = ".env", **variables: str) -> list[str]:
    given = {name: SecretStr(value) for name, value in (variables or {KEY: URL}).items()}
    return write(path, given, workspace=workspace)


def refused(workspace: Path, path: str = ".env", *words: str) -> PreviewError:
    """Refused by ``check`` and ``write`` alike, in three sentences that name the input."""
    with pytest.raises(CannotWrite) as first:
        check(path, workspace=workspace)
    with pytest.raises(CannotWrite) as second:
        put(workspace, path)
    assert str(first.value) == str(second.value)
    assert "env_file" in first.value.what
    for sentence in (first.value.what, first.value.cause, first.value.remedy):
        assert sentence.endswith(".")
    for word in words:
        assert word in str(first.value), str(first.value)
    assert URL not in str(first.value)
    return first.value
