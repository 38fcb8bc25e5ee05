"""A pull request with a checkout of its branch."""

from __future__ import annotations

import pytest

from tests.data.checkout import Checkout
from tests.drivers.pull_request import Life


@pytest.fixture
def checkout(life: Life) -> Checkout:
    return Checkout.of(life)
