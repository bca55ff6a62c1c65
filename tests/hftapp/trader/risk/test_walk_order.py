"""Readers of journals know the checks by the same names, and in the order in which the gate walks them."""

from hftapp.trader.risk.checks import CHECKS, NAMES
from protocols import risk_checks


def test_names_and_order_are_the_gates() -> None:
    assert risk_checks.NAMES == NAMES
    assert tuple(check.code for check in CHECKS) == risk_checks.WALK
