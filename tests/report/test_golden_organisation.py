"""What a sweep of many repositories tells, as a page to read: `organisation.txt` has, of each situation, the summary, the rows of the
terminal, the warnings, the comments it corrects and the JSON, of which an entry stands on one line.

A change of any of them shows in that file's diff. Written again with `python -m tests.report.test_golden_organisation`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from preview_db.planning import identity, stale
from preview_db.planning.events import PullRequest
from preview_db.planning.model import Configuration, Database, Kind, Project, Repository, Workspace
from preview_db.planning.organisation import Doubt, OrganisationSweep, RepositorySweep, Unlisted, Usage
from preview_db.planning.repositories import Listed, Member, Shard, Standing
from preview_db.planning.settings import Inputs
from preview_db.planning.stale import Preview, RepositoryState, Sweep, SweepStatus, Swept, Verdict
from preview_db.report import organisation as report
from tests.factories import NOW, database, scope

PAGE = Path(__file__).with_name("organisation.txt")

ACME = Workspace("wksp_1", "acme")
WEB, API = Project("proj_1", "web | <b>@everyone", ACME), Project("proj_2", "api", ACME)
INPUTS = Inputs.read({"INPUT_MAX_IDLE": "14d"})


def member(id_: int, name: str, standing: Standing = Standing.THERE, said: str = "", *, listed: bool = True) -> Member:
    full_name = f"acme/{name}"
    found = Listed(id_, full_name, archived=standing is Standing.ARCHIVED) if listed else None
    return Member(Repository(id_, full_name), standing, found, said)


SHOP = member(1, "shop")
SITE = member(2, "site", said="acme/www is called acme/site now")
LEGACY = member(3, "legacy", Standing.ARCHIVED, "acme/legacy is archived")
LEFT = member(4, "left", Standing.GONE, "acme/left@4 is gone: GitHub has nothing by its id", listed=False)
HIDDEN = member(5, "hidden", Standing.UNSEEN, "acme/hidden@5 is gone, or private: nothing proves which", listed=False)
MOVED = member(6, "docs", Standing.MOVED, "acme/handbook is called acme/docs now")
QUIET = member(7, "quiet")


def pull(number: int, *, days: float = 0, **changes: Any) -> PullRequest:
    """A pull request in which nothing has happened for ``days``."""
    head = {"sha": "1" * 40, "repo": {"id": 1, "full_name": "acme/shop"}}
    content = {"state": "open", "head": head | {"ref": "x"}, "base": head | {"ref": "main"}, "updated_at": NOW - timedelta(days=days)}
    return PullRequest.model_validate({"number": number} | content | changes)


def closed(number: int, *, hours: float) -> PullRequest:
    return pull(number, days=hours / 24, state="closed", closed_at=NOW - timedelta(hours=hours))


NOTHING_SEEN = RepositoryState()


def seen(*pulls: PullRequest, branches: Sequence[str] = ()) -> RepositoryState:
    return RepositoryState({found.number: found for found in pulls}, branches)


def made(id_: str, of: Member, ref: object, kind: Kind = Kind.PULL_REQUEST, *, key: str = "", days: float = 1) -> Database:
    return database(f"db_{id_}", of=scope(ref, kind, key, of.repository), hours=days * 24)


def judged(preview: Preview, of: Member, state: RepositoryState, doubt: str) -> Verdict:
    if doubt:
        return stale.in_doubt(preview, doubt)
    if of.standing is Standing.THERE:
        return stale.judge(preview, state, INPUTS, NOW)
    return stale.judge_by_repository(preview, of.said, NOW, delete=of.standing is not Standing.MOVED)


def part(
    of: Member,
    *databases: Database,
    state: RepositoryState = NOTHING_SEEN,
    doubt: str = "",
    project: Project = WEB,
    dry_run: bool = False,
    became: Mapping[str, tuple[SweepStatus, str]] = MappingProxyType({}),
    usage: Mapping[str, Usage] = MappingProxyType({}),
    configurations: Sequence[Configuration] = (),
) -> RepositorySweep:
    """A repository's previews as they are judged, and what became of them.

    Args:
        doubt: why nothing was learnt about it from GitHub.
        became: with its note, by the id of the preview's database, where that is not simply what the verdict says.
    """
    swept = []
    for preview in stale.previews(databases, of.repository, configurations):
        verdict = judged(preview, of, state, doubt)
        usual = SweepStatus.KEPT if not verdict.deletions else SweepStatus.WOULD_GO if dry_run else SweepStatus.DELETED
        swept.append(Swept(verdict, *became.get(preview.databases[0].id, (usual, ""))))
    return RepositorySweep(of, project, Sweep(tuple(swept), {}, NOW, dry_run, state), usage)


def sweep(*parts: RepositorySweep, more: Sequence[Member] = (), **changes: Any) -> OrganisationSweep:
    """A sweep that found ``parts``, and ``more`` repositories without a preview."""
    members = (*{found.member.repository.id: found.member for found in parts}.values(), *more)
    content: dict[str, Any] = {"unlisted": (), "others": {}, "doubts": (), "shard": Shard()}
    return OrganisationSweep(projects=(WEB, API), members=members, parts=parts, now=NOW, **(content | changes))


def all_goes_well() -> OrganisationSweep:
    """In two projects, with Hyperdrive: of a pull request, of a branch, with a key, with a second database, from before a rename."""
    third = scope(3, repository=SHOP.repository)
    return sweep(
        part(
            SHOP,
            made("open", SHOP, 1, days=40),
            made("e2e", SHOP, 2, key="e2e", days=3),
            made("branch", SHOP, "feat/x", Kind.BRANCH, days=20),
            made("closed", SHOP, 3, days=30),
            made("second", SHOP, 3, days=10),
            made("queue", SHOP, 4, Kind.MERGE_QUEUE, days=0.1),
            state=seen(pull(1, days=12), pull(2, days=5), closed(3, hours=30), pull(9, days=300), branches=["main", "feat/x"]),
            usage={"db_open": Usage(1000, 0.5), "db_closed": Usage(200, 0.25), "db_second": Usage(34, 1.0)},
            configurations=[Configuration("hd_1", identity.name(third), "db.example", 5432, NOW)],
        ),
        part(SHOP, made("api", SHOP, 1), project=API, state=seen(pull(1, days=12))),
        part(SITE, made("site", SITE, 1), state=seen(pull(1))),
        part(LEGACY, made("legacy", LEGACY, 1, days=500)),
        part(LEFT, made("left", LEFT, 1, days=500)),
        part(MOVED, made("docs", MOVED, 1)),
        more=[QUIET],
        others={"default databases": 1, "made by hand": 7},
        unlisted=(
            Unlisted(WEB, "other", "abcdef", 3, NOW - timedelta(days=40)),
            Unlisted(API, "another", "ghijkl", 1, NOW - timedelta(hours=3)),
        ),
        configurations=9,
    )


def nothing_is_touched() -> OrganisationSweep:
    """A dry run of one part of two."""
    return sweep(
        part(
            SHOP,
            made("closed", SHOP, 1),
            made("idle", SHOP, 2),
            made("draft", SHOP, 3),
            state=seen(closed(1, hours=0.1), pull(2, days=20), pull(3, days=20, draft=True)),
            dry_run=True,
        ),
        part(LEGACY, made("legacy", LEGACY, 1), dry_run=True),
        dry_run=True,
        shard=Shard(1, 2),
    )


def all_goes_wrong() -> OrganisationSweep:
    """Reopened while it was deleted, failed, beyond a limit, out of time, left since it is open again; and doubts."""
    gone = seen(*(closed(number, hours=2) for number in range(1, 8)))
    reopened = "it is open by now: if a run was given this database as it was being deleted, run that job again"
    return sweep(
        part(
            SHOP,
            *(made(f"{number}", SHOP, number, days=number) for number in range(1, 8)),
            state=gone,
            became={
                "db_1": (SweepStatus.DELETED, reopened),
                "db_2": (SweepStatus.FAILED, "The Management API answered 500."),
                "db_3": (SweepStatus.BEYOND, ""),
                "db_4": (SweepStatus.BEYOND, ""),
                "db_5": (SweepStatus.LEFT, ""),
                "db_6": (SweepStatus.KEPT, "pull request #6 is open"),
            },
        ),
        part(SITE, made("site", SITE, 8), state=gone, became={"db_site": (SweepStatus.DELETED, reopened)}),
        part(HIDDEN, made("hidden", HIDDEN, 1), doubt=HIDDEN.said),
        part(QUIET, made("quiet", QUIET, 1), made("quiet_2", QUIET, 2), doubt="GitHub can't be read about its repository"),
        part(
            LEGACY,
            made("legacy", LEGACY, 1),
            made("legacy_2", LEGACY, 2),
            became={"db_legacy": (SweepStatus.FAILED, "It broke.")},
        ),
        doubts=(Doubt("acme/quiet", "its list of pull requests breaks off | <img>"), Doubt("acme/hidden", HIDDEN.said)),
    )


SITUATIONS = {
    "All goes well": all_goes_well(),
    "A dry run of one part of two": nothing_is_touched(),
    "All goes wrong": all_goes_wrong(),
    "Nothing": sweep(),
}


def page() -> str:
    return "\n".join(
        f"=== {title}: {name}\n\n{text.rstrip()}\n" for title, found in SITUATIONS.items() for name, text in told(found) if text
    )


def told(found: OrganisationSweep) -> Iterator[tuple[str, str]]:
    yield "summary", report.summary(found, "https://github.com")
    rows = (report.columns(found), *(report.row(each, found) for each in report.in_order(found.parts)))
    yield "rows", "\n".join(" | ".join(row) for row in rows)
    yield "missed", report.missed(found)
    yield "reopened", report.reopened(found)
    yield (
        "comments",
        "\n\n".join(
            f"{which.repository.full_name} #{which.pull_request} {which.marker}\n{which.body}" for which in report.corrections(found)
        ),
    )
    yield "JSON", "\n".join(json_lines(report.as_json(found)))


def json_lines(content: Mapping[str, Any]) -> Iterator[str]:
    for name, value in content.items():
        if isinstance(value, list) and value:
            yield f"{name}:"
            yield from (f"  {json.dumps(entry)}" for entry in value)
        else:
            yield f"{name}: {json.dumps(value)}"


def test_nothing_is_told_otherwise_than_it_was() -> None:
    assert page() == PAGE.read_text("utf-8"), "if that is meant: python -m tests.report.test_golden_organisation"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE}\n")
