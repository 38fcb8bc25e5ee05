"""What a sweep of many repositories tells, as a page to read: its summary, its JSON and its warnings are in `organisation.txt`.

A change of any of them shows in that file's diff. Written again with `python -m tests.report.test_golden_organisation`.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path

from preview_db.planning.model import Project, Workspace
from preview_db.planning.organisation import Doubt, OrganisationSweep, Unlisted
from preview_db.planning.repositories import Shard, Standing
from preview_db.planning.stale import SweepStatus
from preview_db.report import organisation as report
from tests.factories import NOW

from .test_organisation import PROJECT, part, sweep

PAGE = Path(__file__).with_name("organisation.txt")


def rich() -> OrganisationSweep:
    """A little of everything."""
    return sweep(
        part(1, SweepStatus.KEPT, SweepStatus.KEPT),
        part(2, SweepStatus.DELETED, SweepStatus.DELETED, SweepStatus.KEPT, standing=Standing.ARCHIVED, said="acme/r2 is archived"),
        part(3, SweepStatus.FAILED, SweepStatus.BEYOND),
        part(4, SweepStatus.WOULD_GO, standing=Standing.GONE, said="acme/r4@4 is gone"),
        projects=(PROJECT, Project("proj_2", "api", Workspace("wksp_1", "acme"))),
        unlisted=(Unlisted(PROJECT, "other/repo", "abcdef", 3, NOW - timedelta(days=40)),),
        others={"web": 7},
        doubts=(Doubt("acme/r6", "its list of pull requests breaks off"),),
        shard=Shard(2, 3),
    )


def page() -> str:
    parts = []
    for title, found in (("A little of everything", rich()), ("Nothing", sweep())):
        told = {
            "summary": report.summary(found, "https://github.com"),
            "counts": json.dumps(report.counts(found), indent=1),
            "swept": json.dumps(report.as_json(found), indent=1),
            "missed": report.missed(found),
            "reopened": report.reopened(found),
            "rows": "\n".join(" | ".join(report.row(each, found)) for each in report.in_order(found.parts)),
        }
        parts += [f"=== {title}: {name}\n\n{text.rstrip()}\n" for name, text in told.items()]
    return "\n".join(parts)


def test_nothing_is_told_otherwise_than_it_was() -> None:
    assert page() == PAGE.read_text("utf-8"), "if that is meant: python -m tests.report.test_golden_organisation"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE}\n")
