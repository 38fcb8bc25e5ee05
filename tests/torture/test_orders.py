"""Runs for one pull request whose requests come in every order: one database, or none, as the pull request's state says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.torture.orders import Orders
from tests.torture.pairs import Setting

FIRST = 2
"""Orders of each setting; `make torture` tries all of each pair."""


@pytest.fixture(scope="module")
def orders() -> Iterator[Orders]:
    with Orders.served() as served:
        yield served


@pytest.mark.parametrize("mode", ["known", "ignored"])
@pytest.mark.parametrize("kinds", ["create create", "reset sweep", "reset close", "close reopen"])
def test_one_database_or_none_is_left_whatever_the_order(orders: Orders, kinds: str, mode: str) -> None:
    counted = orders.every(Setting(tuple(kinds.split()), mode), most=FIRST)
    assert counted.broken == []
    assert counted.orders > 1


def test_one_database_is_left_where_lists_lag(orders: Orders) -> None:
    assert orders.every(Setting(("create", "reset"), "ignored", lag=1), most=FIRST).broken == []


@pytest.mark.parametrize("order", ["AABB", "BBBA", "BABB"])
def test_an_order_can_be_had_again_by_its_letters(orders: Orders, order: str) -> None:
    said = orders.again(Setting(("push", "close")), order)
    assert "".join(line[0] for line in said[: len(order)]) == order


@pytest.mark.parametrize("order", ["AABBAABBBBAAAABB", "AABBBBBAABAABB", "BBAAAAAABBAABB"])
def test_of_two_resets_the_later_one_s_database_stays(orders: Orders, order: str) -> None:
    """One that saw the other's in its first list replaces it, and the other must not take the newer one for a second one."""
    orders.again(Setting(("reset", "reset")), order)
