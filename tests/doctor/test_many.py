"""The doctor before a sweep of many repositories: what the token sees, how many match, what it will ask."""

from __future__ import annotations

from tests.drivers.organisation import Organisation
from tests.drivers.terminal import Desk


def found(desk: Desk, organisation: Organisation, token: str, repositories: str = "", **environ: str) -> dict[str, dict[str, str]]:
    arguments = ("--repositories", repositories or f"{organisation.name}/*", "--project", "*", "--repo", f"{organisation.name}/shop")
    return {check["check"]: check for check in desk("doctor", "--json", *arguments, GH_TOKEN=token, **environ).json["checks"]}


def test_it_says_what_the_token_sees_how_many_match_and_what_a_sweep_takes(desk: Desk) -> None:
    organisation = Organisation(desk.life)
    shop = organisation.repository("shop")
    organisation.repository("secret", private=True)
    organisation.repository("old", archived=True)
    organisation.previews(shop, opened=[1], closed=[2])
    checks = found(desk, organisation, organisation.token())
    assert (checks["owners"]["result"], checks["owners"]["found"]) == ("ok", f"{organisation.name}: 3 repositories, all there are")
    assert checks["repositories"]["found"] == "3 repositories match: 2 there, 1 archived"
    assert "about 3 to GitHub and 1 for each preview that goes, 7 at most" in checks["requests"]["found"]
    assert len(organisation.left()) == 2


def test_it_warns_of_a_token_that_may_not_see_all_and_fails_on_what_is_not_there(desk: Desk) -> None:
    organisation = Organisation(desk.life)
    shop, secret = organisation.repository("shop"), organisation.repository("secret", private=True)
    token = organisation.token(shop)
    checks = found(desk, organisation, token, f"{organisation.name}/*, {organisation.name}/nowhere, {secret.full_name}@{secret.id}")
    assert (checks["owners"]["result"], checks["repositories"]["result"]) == ("warning", "failed")
    assert "nowhere: GitHub answers 404" in checks["repositories"]["found"]
    assert "the token can't see it" in checks["repositories"]["found"]
