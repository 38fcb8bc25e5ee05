"""A look at the project that is sent before the run has imported what reads the answer."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import InvalidInput
from ...planning import access
from .. import http
from . import paths


def begin(environ: Mapping[str, str]) -> http.Ahead | None:
    """Asks for the project and its databases, if the run is going to, by what can be told already. Nothing is changed by that."""
    foreseen = access.foreseen(environ)
    if foreseen is None or not paths.is_project_id(foreseen.project):
        return None
    databases = paths.first_page(paths.of_project(foreseen.project))
    reads = [(paths.project(foreseen.project), {}), (paths.DATABASES, databases)]
    try:
        return http.Ahead.begin(foreseen.url, token=foreseen.token, reads=reads)
    except InvalidInput:
        return None  # who asks in earnest says what is wrong
