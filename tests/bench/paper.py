"""On paper: what a sweep costs a company, against what GitHub and Prisma allow.

GitHub's figures are those of "Rate limits for the REST API" in its documentation. Of Prisma's only the databases that a plan holds are
published.
"""

from __future__ import annotations

import math

from preview_db.background import AT_ONCE

REPOSITORIES, OPEN = 1_000, 5_000
CLOSED_A_DAY, MISSED = 1_000, 0.02
"""Pull requests of all repositories, and the share of them whose closing run never came, or failed."""

JOBS_TOKEN, POINTS = 1_000, 900
"""GitHub's limits: requests an hour with a job's own token, for its repository; points a minute."""

APPS_TOKEN, EACH_BEYOND, BEYOND, APPS_MOST = 5_000, 50, 20, 12_500
"""An App's requests an hour, for all tokens of one installation: so many more for each repository beyond the first 20, up to the last."""

WORKSPACE = 1_000
"""Databases that a workspace holds on Prisma's paid plans."""

PAGE, SECONDS = 100, 0.1
LOOKS = 3
"""For each preview that goes: the last look, the list of comments, the edit of ours."""


def page() -> str:
    stale = math.ceil(CLOSED_A_DAY * MISSED)
    databases = OPEN + stale
    own = _lists(OPEN // REPOSITORIES, databases // REPOSITORIES)
    most = (JOBS_TOKEN - own - 10) // LOOKS
    shared = 1 + math.ceil(databases / PAGE)
    pages, queries = math.ceil(databases / PAGE), math.ceil(databases / PAGE)
    github = 1 + math.ceil(REPOSITORIES / PAGE) + stale * LOOKS
    apps = min(APPS_TOKEN + EACH_BEYOND * max(REPOSITORIES - BEYOND, 0), APPS_MOST)
    seconds = (pages + 3 + (queries + github + stale) / AT_ONCE) * SECONDS
    return f"""## On paper: a company

{REPOSITORIES:,} repositories, {OPEN:,} open pull requests with a preview each, {CLOSED_A_DAY:,} closed a day, of which {MISSED:.0%} are missed and left to a
nightly sweep: {stale} databases. Prisma publishes no rate limits; a workspace of a paid plan holds {WORKSPACE:,} databases, so this company has at least
{math.ceil(databases / WORKSPACE)} workspaces, and a token of one sees nothing of the others.

| | A sweep in each repository, as in README | One sweep for all, a token of an app |
|---|---|---|
| Requests to GitHub, a night | about {own - 2} each, with {JOBS_TOKEN:,} an hour for each repository's own token | {github} of {apps:,} an hour, and {queries} of GraphQL, which has a limit of its own |
| Requests to Prisma | {own - 3} each with a project each; {shared} each, {shared * REPOSITORIES:,} in all, if they share one project | {shared + stale} |
| At {SECONDS * 1000:.0f} ms a request | {own * SECONDS:.1f} s each | {seconds:.0f} s |
| What gives way first | {most} stale previews in one night in one repository: GitHub's hour is over, and the sweep waits for the next one or leaves the rest | {POINTS // (LOOKS - 1 + 5)} stale previews in one minute: GitHub's {POINTS} points (a read is 1, a write 5) are used, and 429s slow the sweep down |

So:

- **A sweep in each repository needs no shards**: `max_deletions` (50) is reached long before the hour's requests are. What to change first
  is a project that many repositories share, since each of them lists all of it; with a project for each repository it is one page.
- **One sweep for all asks by the preview and not by the repository**: one request for a hundred of them, and {LOOKS} for each that goes. An hour of an
  app's token takes {int(apps * 0.8) // LOOKS:,} deletions with four fifths of it used.
- **Shards make it quicker, and no limit larger**, since all tokens of an installation share one; and each of them lists all databases. They
  pay from where most of the time is deletions, which is thousands of them. The natural cut is by workspace, since no service token sees two.
- A run for a pull request takes 4 to 5 requests to GitHub. {JOBS_TOKEN:,} an hour are {JOBS_TOKEN // 5} runs an hour in one repository."""  # noqa: E501 - the rows of tables


def _lists(pull_requests: int, databases: int) -> int:
    """Requests of one repository's sweep that has nothing to delete: the project, its databases; the repository, open and closed ones."""
    return 1 + max(1, math.ceil(databases / PAGE)) + 1 + max(1, math.ceil(pull_requests / PAGE)) + 1
