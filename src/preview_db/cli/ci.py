"""Where a terminal stands: repository, pull request and branch, as the CI system's variables and the git checkout say."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import PreviewError

GITHUB = "github.com"

_FULL_NAME = re.compile(r"(?P<owner>[A-Za-z0-9][A-Za-z0-9_-]{0,99})/(?P<name>(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100})", re.ASCII)
_SCP_LIKE = re.compile(r"(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9.-]{2,253}):(?!/)(?P<path>\S+)", re.ASCII)
_PULL_URL = re.compile(r"(?P<repository>https://[^\s,]+)/pull/(?P<number>[1-9][0-9]{0,9})/?", re.ASCII)
_PULL_REF = re.compile(r"refs/pull/(?P<number>[1-9][0-9]{0,9})/(?:merge|head)", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_GIT_TAKES = 10  # seconds at most; all it does is read a few files


class CannotDetermine(PreviewError):
    """The surroundings don't say which repository, or which preview of it, is meant."""

    title = "Not said which one"
    exit_code = 2
    page = "terminal.md"


@dataclasses.dataclass(frozen=True, slots=True)
class Remote:
    """A repository by its address."""

    host: str
    full_name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Git:
    """What git says of the checkout: the address of ``origin``, the branch that is checked out, the folder at its top."""

    origin: str = ""
    branch: str = ""
    top: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Detected:
    """What can be told without being asked; empty where it can't.

    Attributes:
        remote: the repository on GitHub.
        said_by: who says so, for a person to read.
        elsewhere: the host the repository is at, if that is not known to be GitHub.
        number: the pull request that is being built.
        branch: the branch that is built or checked out, the head of a pull request perhaps.
        top: the checkout's folder.
    """

    remote: Remote | None = None
    said_by: str = ""
    elsewhere: str = ""
    number: int | None = None
    branch: str = ""
    top: str = ""

    def are_of(self, full_name: str) -> bool:
        """Whether number and branch are those of the repository ``full_name``, and not of another that happens to be checked out."""
        return self.remote is not None and self.remote.full_name.lower() == full_name.lower()


@dataclasses.dataclass(frozen=True, slots=True)
class _System:
    """A CI system's words.

    Attributes:
        runs: the variable that is set wherever it runs.
        repository: where the repository is; a URL, or ``owner/name`` where that can only be GitHub's.
        number: the pull request of that repository: a number, its URL or its ref. ``false`` or nothing if it builds none.
        branches: the head of the pull request, then the branch it builds if it builds none.
    """

    name: str
    runs: str
    repository: str
    number: tuple[str, ...]
    branches: tuple[str, ...]


# As their documentation has it. A number counts only next to a repository that is GitHub's: GitLab's CI_MERGE_REQUEST_IID, Bitbucket's
# pull requests on Jenkins and Azure's own (which have an id and no number) are no pull requests of GitHub.
_SYSTEMS = (
    _System("GitHub Actions", "GITHUB_ACTIONS", "GITHUB_REPOSITORY", ("GITHUB_REF",), ("GITHUB_HEAD_REF", "GITHUB_REF")),
    _System(
        "GitLab CI/CD", "GITLAB_CI", "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY", ("CI_EXTERNAL_PULL_REQUEST_IID",), ("CI_COMMIT_BRANCH",)
    ),
    # CIRCLE_PULL_REQUEST is any one of several; the list says that there are several.
    _System("CircleCI", "CIRCLECI", "CIRCLE_REPOSITORY_URL", ("CIRCLE_PULL_REQUESTS", "CIRCLE_PULL_REQUEST"), ("CIRCLE_BRANCH",)),
    # BUILDKITE_PULL_REQUEST_REPO is the fork's.
    _System("Buildkite", "BUILDKITE", "BUILDKITE_REPO", ("BUILDKITE_PULL_REQUEST",), ("BUILDKITE_BRANCH",)),
    # CHANGE_ID is a number of whatever it is that Jenkins builds; the URL says of what.
    _System("Jenkins", "JENKINS_URL", "GIT_URL", ("CHANGE_URL",), ("CHANGE_BRANCH", "BRANCH_NAME")),
    _System(
        "Azure Pipelines",
        "TF_BUILD",
        "BUILD_REPOSITORY_URI",
        ("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",),
        ("SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH"),
    ),
    _System("Drone", "DRONE", "DRONE_REPO_LINK", ("DRONE_PULL_REQUEST",), ("DRONE_SOURCE_BRANCH", "DRONE_BRANCH")),
    # Travis names the repository without its host: git has to say where that is.
    _System("Travis CI", "TRAVIS", "", ("TRAVIS_PULL_REQUEST",), ("TRAVIS_PULL_REQUEST_BRANCH", "TRAVIS_BRANCH")),
)


def detect(environ: Mapping[str, str], folder: Path) -> Detected:
    """What ``environ`` and the checkout in ``folder`` say. No program that the checkout's configuration names is run."""
    git = Git(
        origin=_git(environ, folder, "remote", "get-url", "origin"),
        branch=_git(environ, folder, "symbolic-ref", "--quiet", "--short", "HEAD"),
        top=_git(environ, folder, "rev-parse", "--show-toplevel"),
    )
    return surroundings(environ, git, event=_event(environ.get("GITHUB_EVENT_PATH", "")))


def surroundings(environ: Mapping[str, str], git: Git, *, event: Mapping[str, object]) -> Detected:
    """The same, of what was read.

    Args:
        event: the webhook payload GitHub Actions left, if it did: the ref of some pull requests' runs is their base.
    """
    system = next((system for system in _SYSTEMS if environ.get(system.runs)), None)
    origin = remote(git.origin, environ)
    if system is None:
        return _at(origin, "git's remote 'origin'", environ, Detected(branch=git.branch, top=git.top))
    urls, number = _pull_request([environ.get(name, "") for name in system.number])
    if system.runs == "GITHUB_ACTIONS" and number is None:
        number = _number_in(event)
    branch = next((found for name in system.branches if (found := _branch(environ.get(name, "")))), "") or git.branch
    said = remote(urls, environ) or remote(environ.get(system.repository, ""), environ)
    here = Detected(number=number, branch=branch, top=git.top)
    return _at(said, f"the variables of {system.name}", environ, here) if said else _at(origin, "git's remote 'origin'", environ, here)


def remote(address: str, environ: Mapping[str, str]) -> Remote | None:
    """The repository at ``address``, in any form git or a CI system writes it; ``owner/name`` alone is at GitHub's own host."""
    if _FULL_NAME.fullmatch(address):
        return Remote(home(environ), address)
    if "://" in address:
        try:
            parts = urlsplit(address)
        except ValueError:  # brackets that are no IPv6 address
            return None
        host, path = parts.hostname or "", parts.path
    else:
        scp_like = _SCP_LIKE.fullmatch(address)
        host, path = (scp_like["host"].lower(), scp_like["path"]) if scp_like else ("", "")
    full_name = path.strip("/").removesuffix(".git")
    if not host or not _FULL_NAME.fullmatch(full_name):
        return None
    return Remote(GITHUB if host in (f"ssh.{GITHUB}", f"www.{GITHUB}") else host, full_name)


def home(environ: Mapping[str, str]) -> str:
    """The host of GitHub for who doesn't say: the one of ``GITHUB_SERVER_URL`` or ``GH_HOST``, or github.com."""
    return urlsplit(environ.get("GITHUB_SERVER_URL", "")).hostname or environ.get("GH_HOST", "").strip().lower() or GITHUB


def api_url(environ: Mapping[str, str], host: str) -> str:
    """Where the API of the GitHub at ``host`` is: ``GITHUB_API_URL``, or as GitHub's documentation has it for each kind of host."""
    if given := environ.get("GITHUB_API_URL", "").strip():
        return given
    if host == GITHUB or host.endswith(".ghe.com"):
        return f"https://api.{host}"
    return f"https://{host}/api/v3"


def placed(path: str, folder: Path, top: str) -> tuple[Path, str]:
    """A file as :func:`preview_db.services.dotenv.file.write` takes it: a folder to stay in, and the path below that.

    The folder is the checkout's, so that it is noticed if git would commit the file. A person may write elsewhere, too.

    Args:
        path: relative to ``folder``, or absolute.
        top: the checkout's folder, if this is one.
    """
    file = folder / path
    parent = file.parent.resolve()
    root = Path(top).resolve() if top else parent
    root = root if parent.is_relative_to(root) else parent
    return root, (parent / file.name).relative_to(root).as_posix()


def _at(found: Remote | None, said_by: str, environ: Mapping[str, str], here: Detected) -> Detected:
    """``here``, at ``found``. The token goes there, so a host counts as GitHub's only if it is github.com or the environment names it."""
    if found is None:
        return dataclasses.replace(here, number=None)
    if found.host not in (GITHUB, home(environ)):
        return dataclasses.replace(here, elsewhere=found.host, number=None)
    return dataclasses.replace(here, remote=found, said_by=said_by)


def _pull_request(values: list[str]) -> tuple[str, int | None]:
    """The pull request the first of ``values`` names, with its repository's address if that is in it. Several are none."""
    value = next((value.strip() for value in values if value.strip()), "")
    if url := _PULL_URL.fullmatch(value):
        return url["repository"], int(url["number"])
    ref = _PULL_REF.fullmatch(value)
    digits = ref["number"] if ref else value
    return "", int(digits) if _NUMBER.fullmatch(digits) else None


def _number_in(event: Mapping[str, object]) -> int | None:
    found = event.get("pull_request")
    issue = event.get("issue")
    if found is None and isinstance(issue, Mapping) and issue.get("pull_request") is not None:
        found = issue
    number = found.get("number") if isinstance(found, Mapping) else None
    return number if isinstance(number, int) and number > 0 else None


def _branch(value: str) -> str:
    """The branch a variable says, if it is one: not a tag's ref, and not the ref of a pull request."""
    branch = value.removeprefix("refs/heads/")
    return "" if branch.startswith(("refs/", "pull/")) or not branch.isprintable() else branch


def _event(path: str) -> Mapping[str, object]:
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _git(environ: Mapping[str, str], folder: Path, *arguments: str) -> str:
    """What git answers; nothing if there is no git, no checkout or no such thing in it."""
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_GIT_TAKES,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.rstrip("\n") if done.returncode == 0 else ""
