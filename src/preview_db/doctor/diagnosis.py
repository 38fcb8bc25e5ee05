"""What the doctor makes of what it saw: a finding a check, with what to do about it, as a table, lines or JSON. Pure."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from ..errors import PreviewError
from ..planning.model import Repository
from ..report.markdown import text

CLOCK_IS_RIGHT = timedelta(seconds=30)
"""How far this machine's clock may be off before it is worth a word."""

CLOCK_IS_WRONG = timedelta(minutes=5)
"""How far it may be off before what goes by the age of things goes wrong."""

COLUMNS = ("check", "result", "found", "what to do")

_HAS_SCOPES = ("ghp_", "gho_")  # classic personal tokens and OAuth apps'; of all others GitHub does not say what they may do


class Health(enum.StrEnum):
    """What came of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, as a sentence without its full stop, and what to do about it; nothing where all is well."""

    check: str
    health: Health
    found: str
    remedy: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request.

    Attributes:
        seconds: how long it took.
        at: this machine's time when the answer came.
        status: 0 if no answer came; ``problem`` then says why.
        headers: with lower-case names.
        content: the body's JSON, if it is an object.
    """

    seconds: float
    at: datetime
    status: int = 0
    problem: str = ""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    content: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Unwell(PreviewError):
    """The doctor has found what will not work."""

    title = "The doctor found something"


def failure(findings: Iterable[Finding]) -> Unwell | None:
    """What makes a doctor's run a failure, once everything has been told."""
    failed = [finding for finding in findings if finding.health is Health.FAILED]
    if not failed:
        return None
    return Unwell(
        f"{len(failed)} of the checks failed: {', '.join(finding.check for finding in failed)}.",
        cause="; ".join(finding.found.rstrip(".") for finding in failed) + ".",
        remedy="; ".join(finding.remedy.rstrip(".") for finding in failed if finding.remedy) + ".",
    )


def of_error(check: str, error: PreviewError, health: Health = Health.FAILED) -> Finding:
    """What a step would have failed with."""
    return Finding(check, health, f"{error.what} {error.cause}", error.remedy)


def reachable(check: str, host: str, answer: Answer, *, variable: str) -> Finding:
    """Whether an API answers at all, and how fast.

    Args:
        variable: the one that says where it is.
    """
    remedy = f"Check the network, proxies and {variable}; if they are right, the service's status page."
    if answer.status == 0:
        return Finding(check, Health.FAILED, f"no answer from {host} ({answer.problem})", remedy)
    if answer.status >= 500:
        return Finding(check, Health.FAILED, f"{host} answers HTTP {answer.status}", remedy)
    return Finding(check, Health.OK, f"{host} answered in {answer.seconds * 1000:.0f} ms")


def connection(check: str, repository: Repository | PreviewError, found: Sequence[Mapping[str, Any]], *, keyless: bool) -> Finding:
    """Whether a project is connected to the repository.

    Args:
        found: what the project is connected to, as the API describes it.
        keyless: whether the run signs in with the job's own identity, which stands on that.
    """
    connect = "Connect it in the Prisma Console, or with 'prisma git connect', to sign in without a service token."
    names = [_full_name(entry) for entry in found]
    if not names:
        return Finding(
            check, Health.FAILED if keyless else Health.OK, "no repository, so keyless sign-in can't work", connect if keyless else ""
        )
    if isinstance(repository, PreviewError) or repository.full_name.lower() not in (name.lower() for name in names):
        told = f"{', '.join(names)}, so keyless sign-in can't work from here"
        return Finding(check, Health.FAILED if keyless else Health.WARNING, told, "One project is connected to one repository at a time.")
    return Finding(
        check, Health.OK, f"{repository.full_name}, so keyless sign-in can work, and Prisma takes the branch's databases away itself"
    )


def _full_name(entry: Mapping[str, Any]) -> str:
    """``owner/name``: the API's description of a repository is not published in full."""
    if isinstance(entry.get("fullName"), str):
        return str(entry["fullName"])
    parts = [str(entry[key]) for key in ("owner", "name") if isinstance(entry.get(key), str)]
    return "/".join(parts) or "a repository that it does not name"


def clock(check: str, answers: Iterable[Answer], grace: timedelta) -> Finding:
    """How far this machine's clock is from the servers', by the ``Date`` of their answers, which is exact to a second."""
    skews = [skew for answer in answers if (skew := _skew(answer)) is not None]
    if not skews:
        return Finding(check, Health.UNKNOWN, "no answer said what time it is")
    skew = min(skews, key=abs)
    if abs(skew) <= CLOCK_IS_RIGHT:
        return Finding(check, Health.OK, f"{abs(skew.total_seconds()):.0f} s off the servers'")
    found = f"{abs(skew.total_seconds()):.0f} s {'behind' if skew > timedelta() else 'ahead of'} the servers'"
    hours = grace.total_seconds() / 3600
    remedy = f"Set the clock (NTP): how old a credential or preview is, is told by it, and credential_grace is {hours:g} h."
    return Finding(check, Health.FAILED if abs(skew) > CLOCK_IS_WRONG else Health.WARNING, found, remedy)


def repository(check: str, expected: Repository, answer: Answer) -> Finding:
    """Whether the GitHub token is valid, and sees the repository that is meant."""
    name, id_ = expected.full_name, answer.content.get("id")
    if answer.status == 401:
        return Finding(check, Health.FAILED, "GitHub does not know the token", "Make a new one, or use the job's own.")
    if answer.status in (403, 404):
        found = f"the token does not see {name} (HTTP {answer.status})"
        return Finding(check, Health.FAILED, found, f"Use a token that may read {name}, or check the name.")
    if answer.status != 200:
        return Finding(check, Health.UNKNOWN, f"reading {name} came to {_status(answer)}", "Try again in a few minutes.")
    if id_ != expected.id:
        return Finding(
            check,
            Health.FAILED,
            f"GitHub's {name} has the id {id_}, and previews are looked for under {expected.id}",
            "Another repository has taken the name, or the id that was given is wrong.",
        )
    return Finding(check, Health.OK, f"{name} ({id_})")


def reading(check: str, answer: Answer, *, permission: str, needed_for: str, missing: Health) -> Finding:
    """Whether the GitHub token may read something, by having tried."""
    if answer.status == 200:
        return Finding(check, Health.OK, "the token may read them")
    if answer.status in (401, 403, 404):
        found = f"the token may not read them (HTTP {answer.status})"
        return Finding(check, missing, found, f"Give it '{permission}': {needed_for}.")
    return Finding(check, Health.UNKNOWN, f"reading them came to {_status(answer)}", "Try again in a few minutes.")


def writing(check: str, token: str, answer: Answer, *, permission: str, scopes: Collection[str]) -> Finding:
    """Whether the GitHub token may write something, as far as that can be told without writing.

    GitHub names the scopes of classic tokens in ``X-OAuth-Scopes``. Of fine-grained tokens and of a job's own it does not say what they
    may do: ``X-Accepted-GitHub-Permissions`` says what a request takes, not what the token has.

    Args:
        answer: to reading the repository with ``token``.
        scopes: those of which any one is enough.
    """
    if answer.status != 200:
        return Finding(check, Health.UNKNOWN, "the token can't be looked at", "See the rows above.")
    if not token.startswith(_HAS_SCOPES):
        found = "GitHub does not say of a token of this kind whether it may write them"
        return Finding(check, Health.UNKNOWN, found, f"Make sure of '{permission}'; a job's log lists its token's under 'Set up job'.")
    granted = {scope.strip() for scope in answer.headers.get("x-oauth-scopes", "").split(",")}
    enough = {*scopes, *(() if answer.content.get("private") else ("public_repo",))}
    if granted & enough:
        return Finding(check, Health.OK, f"the token's scopes ({', '.join(sorted(granted & enough))}) allow it")
    return Finding(check, Health.FAILED, "the token's scopes don't allow it", f"Give it one of: {', '.join(sorted(enough))}.")


def rows(findings: Iterable[Finding]) -> list[tuple[str, ...]]:
    return [(finding.check, finding.health, finding.found, finding.remedy) for finding in findings]


def lines(findings: Sequence[Finding]) -> list[str]:
    """The table for a log, with what to do below what failed."""
    width = max((len(finding.check) for finding in findings), default=0)
    told: list[str] = []
    for finding in findings:
        told.append(f"{finding.health:<7}  {finding.check:<{width}}  {finding.found}")
        told += [f"{'':<{width + 11}}{finding.remedy}"] if finding.remedy else []
    return told


def markdown(findings: Iterable[Finding]) -> str:
    """The table for a job's summary."""
    marks = {Health.OK: "✅", Health.WARNING: "⚠️", Health.FAILED: "❌", Health.UNKNOWN: "❔"}
    head = ["### preview-db: doctor", "", f"| | {' | '.join(COLUMNS)} |", "|---|---|---|---|---|"]
    table = [
        f"| {marks[finding.health]} | {text(finding.check)} | {finding.health} | {text(finding.found)} | {text(finding.remedy)} |"
        for finding in findings
    ]
    return "\n".join([*head, *table, ""])


def as_json(findings: Iterable[Finding]) -> list[dict[str, str]]:
    return [{"check": finding.check, "result": finding.health, "found": finding.found, "remedy": finding.remedy} for finding in findings]


def _skew(answer: Answer) -> timedelta | None:
    """How much later it is there than here."""
    try:
        said = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return (said if said.tzinfo else said.replace(tzinfo=UTC)) - answer.at


def _status(answer: Answer) -> str:
    return f"HTTP {answer.status}" if answer.status else f"no answer ({answer.problem})"
