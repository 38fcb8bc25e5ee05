"""What the runner says of this run (``GITHUB_*``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from typing_extensions import override

from ..errors import InvalidInput
from .environment import Environment, given, where
from .fields import Address

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class Job(Environment):
    """What the runner says of this run.

    Attributes:
        repository_id: None on runners that don't say it: act's, and those of Gitea and Forgejo, which are built on it.
    """

    model_config = SettingsConfigDict(env_prefix="GITHUB_")

    repository: str = Field(pattern=r"^[^/\s]{1,100}/[^/\s]{1,100}$")
    repository_id: Annotated[int, Field(ge=1)] | None = None
    event_name: str
    event_path: str
    run_id: Annotated[int, Field(ge=0)] = 0
    run_attempt: Annotated[int, Field(ge=1)] = 1
    api_url: Address = "https://api.github.com"
    server_url: Address = "https://github.com"
    sha: str = ""

    @property
    def host(self) -> str:
        """Of the GitHub server, such as ``github.com``."""
        return urlsplit(self.server_url).hostname or ""

    @property
    def mint_suffix(self) -> str:
        """What the names of this run's credentials end in."""
        return f"{self.run_id}-{self.run_attempt}"

    @classmethod
    @override
    def refused(cls, error: ErrorDetails) -> InvalidInput:
        return InvalidInput(
            f"The runner's variable GITHUB_{where(error).upper()} is missing or makes no sense{given(cls, error)}.",
            cause="The step does not run under GitHub Actions, or a wrapper does not pass the runner's environment on.",
            remedy="Run it as a step of a workflow ('uses:'), or use the preview-db command in a terminal.",
        )
