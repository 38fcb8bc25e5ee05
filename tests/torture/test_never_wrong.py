"""Never the wrong one: among thousands of databases with names that look like ours, only ours is touched, and only ours handed out."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preview_db.planning import identity, plan, stale
from preview_db.planning.model import Database, Kind, Repository, Scope
from preview_db.planning.settings import Inputs
from preview_db.planning.stale import RepositoryState
from preview_db.planning.steps import DesiredState
from preview_db_emulator.client import Emulator
from tests.drivers.workflow import Workflow, can_log_in
from tests.factories import NOW, database
from tests.torture.claims import LONG, check_manners

MANY = 10_000

_FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
_CYRILLIC = str.maketrans("aceopxyi", "асеорхуі")
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d_ "


def _put(name: str, chance: random.Random, intruders: str) -> str:
    at = chance.randrange(len(name))
    return name[:at] + chance.choice(intruders) + name[at:]


def _edited(name: str, chance: random.Random) -> str:
    at = chance.randrange(name.rindex("-pr-"), len(name))
    return name[:at] + chance.choice([one for one in "abz2379-" if one != name[at]]) + name[at + 1 :]


LOOK_ALIKES: list[Callable[[str, random.Random], str]] = [
    lambda name, _: name.upper(),
    lambda name, _: name.capitalize(),
    lambda name, _: name.translate(_FULL_WIDTH),
    lambda name, _: name.translate(_CYRILLIC),
    lambda name, chance: name.replace("-", chance.choice(_DASHES)),
    lambda name, chance: name.replace("-", chance.choice(_DASHES), 1),
    lambda name, chance: name + chance.choice("\u200b\u200d\ufeff \n\t\x00-a2"),
    lambda name, chance: chance.choice("\u200b\u202e \n\x00") + name,
    lambda name, chance: _put(name, chance, "\u0301\u200b\xad"),
    lambda name, chance: name[: chance.randrange(1, len(name))],
    lambda name, chance: name[chance.randrange(name.rindex("-pr-"), len(name)) :],
    lambda name, _: name[::-1],
    lambda name, _: f"{name}.{name}",
    lambda name, _: name.replace("-pr-", "-mq-"),
    lambda name, _: name.replace("-pr-", "-br-"),
    lambda name, _: name.replace("-pr-", "-pr-1"),
    _edited,
    lambda name, chance: name[:-16] + "".join(chance.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(16)),
    lambda name, chance: name[:-10] + "".join(chance.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(10)),
    lambda name, _: unicodedata.normalize("NFKD", name.translate(_FULL_WIDTH)) + "\u200b",
]


"""None of them changes only what stands before `-pr-`: that is for people, since a repository may be renamed."""


def population(scope: Scope, seed: int, count: int) -> tuple[list[Database], set[str]]:
    """Databases that are not `scope`'s but for a few, and the ids of those few."""
    chance = random.Random(seed)
    name = identity.name(scope)
    others = [
        Scope(scope.repository, Kind.PULL_REQUEST, str(int(scope.ref) + 1)),
        Scope(scope.repository, Kind.PULL_REQUEST, f"{scope.ref}0"),
        Scope(scope.repository, Kind.PULL_REQUEST, scope.ref, "docs"),
        Scope(scope.repository, Kind.MERGE_QUEUE, scope.ref),
        Scope(scope.repository, Kind.BRANCH, scope.ref),
        *(Scope(Repository(scope.repository.id + more, scope.repository.full_name), Kind.PULL_REQUEST, scope.ref) for more in (-1, 1)),
    ]
    made: list[Database] = []
    ours: set[str] = set()
    for index in range(count):
        changes: dict[str, Any] = {}
        match chance.randrange(10):
            case 0 | 1:
                changes = {"name": identity.name(chance.choice(others))}
            case 2:
                changes = {"name": "x", "logical_id": identity.name(chance.choice(others))}
            case 3:
                changes = {"name": name, "is_default": True, "logical_id": chance.choice([None, name])}
            case 4:
                changes = {"name": name, "logical_id": chance.choice(["production", identity.name(chance.choice(others)), name.upper()])}
            case 5:
                changes = {"name": "".join(chance.choice("abé-1 \u202e") for _ in range(chance.randrange(70)))}
            case _:
                changes = {"name": chance.choice(LOOK_ALIKES)(name, chance)}
                if chance.random() < 0.3:
                    changes = {"name": name, "logical_id": changes["name"] or "x"}
        made.append(database(f"db_{index}", **changes))
    for index in range(chance.randrange(4)):
        ours.add(f"db_ours{index}")
        logical_id = chance.choice([None, name])
        made.append(database(f"db_ours{index}", name=name if logical_id is None else "shown", logical_id=logical_id))
    chance.shuffle(made)
    return made, ours


SCOPE = Scope(Repository(4242, "acme/shop"), Kind.PULL_REQUEST, "12")


@pytest.mark.parametrize("seed", range(60 if LONG else 4))
def test_of_ten_thousand_databases_no_plan_touches_one_that_is_not_ours(seed: int) -> None:
    databases, ours = population(SCOPE, seed, MANY)
    for present, fresh in ((True, False), (True, True), (False, False)):
        made = plan.make(DesiredState(SCOPE, present=present, fresh=fresh, reason="because", now=NOW), databases)
        assert {step.database.id for step in made.steps if step.database} <= ours
        if not present:
            assert {step.database.id for step in made.steps if step.database} == ours
    for verdict in (stale.judge(one, RepositoryState(), Inputs.read({}), NOW) for one in stale.previews(databases, SCOPE.repository)):
        for step in verdict.plan.steps:
            assert step.database is not None
            assert step.database.identity == identity.name(verdict.preview.scope) or verdict.preview.scope.kind is Kind.BRANCH
            assert not step.database.is_default
            assert step.database.identity.isascii()


@given(st.integers(1, 2**40), st.integers(1, 10**9), st.sampled_from(range(len(LOOK_ALIKES))), st.randoms(use_true_random=False))
def test_a_name_that_looks_like_ours_is_not(repository: int, number: int, which: int, chance: random.Random) -> None:
    scope = Scope(Repository(repository, "acme/shop"), Kind.PULL_REQUEST, str(number))
    forged = LOOK_ALIKES[which](identity.name(scope), chance)
    if forged != identity.name(scope):
        assert not identity.belongs_to(database("db_1", name=forged), scope)
        assert not identity.belongs_to(database("db_1", name=identity.name(scope), logical_id=forged or "x"), scope)


def test_through_the_front_door_only_ours_is_handed_out_and_deleted(running: Emulator, tmp_path: Path) -> None:
    workflow = Workflow.new(running, tmp_path)
    pull = workflow.pull()
    pull.event("opened", state="open")
    rows, _ = population(pull.scope, 1, MANY if LONG else 400)
    foreign = [
        {
            "name": one.name.replace("\x00", "é") or "x",
            "logicalId": one.logical_id,
            "isDefault": one.is_default,
            "project": workflow.project,
        }
        for one in rows
        if not one.id.startswith("db_ours")
    ]
    name = identity.name(pull.scope)
    foreign = [one for one in foreign if name != one["logicalId"] and (one["isDefault"] or name != (one["logicalId"] or one["name"]))]
    running.control("POST", "databases", foreign)
    before = {one["id"]: one for one in running.control("GET", "databases")}
    opened = pull.opened()
    assert opened.exit_code == 0, opened.log
    check_manners(opened)
    assert can_log_in(opened.outputs["database_url"])
    assert opened.outputs["database_id"] not in before
    for run in (pull.pushed(command="connect"), pull.pushed(), pull.pushed(on_push="reset")):
        assert run.exit_code == 0, run.log
        assert run.outputs["database_id"] not in before
    assert pull.closed().outputs["outcome"] == "deleted"
    assert {one["id"]: one for one in running.control("GET", "databases")} == before
    pull.event("opened", state="open")
    check_manners(workflow.sweep(max_deletions="0"))
    assert {one["id"]: one for one in running.control("GET", "databases")} == before


def test_a_default_database_with_our_logical_id_is_neither_used_nor_touched(running: Emulator, tmp_path: Path) -> None:
    """The server then refuses to make ours, and a person has to look."""
    workflow = Workflow.new(running, tmp_path, inputs={"timeout": "2s"})
    pull = workflow.pull()
    row = {"name": "production", "logicalId": identity.name(pull.scope), "isDefault": True, "project": workflow.project}
    (default,) = running.control("POST", "databases", [row])
    run = pull.opened()
    check_manners(run)
    assert run.exit_code == 1
    assert "a default one" in run.annotations[-1].message
    assert pull.closed().outputs["outcome"] == "absent"
    assert default["id"] in {one["id"] for one in running.control("GET", "databases")}
