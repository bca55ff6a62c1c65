"""Figures computed again from the other side's records: every false one is found by name."""

from typing import Any

import pytest

from protocols import ouch50
from qemu import audit
from qemu.evidence import Evidence
from qemu.ledger import Entry, Ledger, Way, build
from qemu.reconcile import Difference
from tests.office.scripted_server import decision

FIELDS: dict[str, Any] = {
    "quantity": 100,
    "symbol": "AAPL",
    "price": 1_000_000,
    "time_in_force": "0",
    "display": "Y",
    "capacity": "P",
    "inter_market_sweep_eligibility": "N",
    "cross_type": "N",
    "cl_ord_id": "C1",
}


def conversation() -> list[tuple[str, ouch50.OuchMessage]]:
    """A buy of which 40 are executed and 60 cancelled, and a short sale executed whole."""
    answers: dict[str, Any] = {"timestamp": 1, "order_reference_number": 7, "order_state": "L"}
    return [
        ("in", ouch50.EnterOrder(user_ref_num=1, side="B", **FIELDS)),
        ("out", ouch50.OrderAccepted(user_ref_num=1, side="B", **answers, **FIELDS)),
        ("out", executed(1, 40, 999_900, 5)),
        ("out", ouch50.OrderCanceled(timestamp=3, user_ref_num=1, quantity=60, reason="U")),
        ("in", ouch50.EnterOrder(user_ref_num=2, side="T", **FIELDS)),
        ("out", ouch50.OrderAccepted(user_ref_num=2, side="T", **answers, **FIELDS)),
        ("out", executed(2, 100, 1_000_000, 6)),
        ("out", ouch50.Rejected(timestamp=1, user_ref_num=3, reason=1, cl_ord_id="C3")),
    ]


def executed(ref: int, shares: int, price: int, match: int) -> ouch50.OuchMessage:
    return ouch50.OrderExecuted(
        timestamp=2, user_ref_num=ref, quantity=shares, price=price, liquidity_flag="A", match_number=match
    )


COUNTS = {"received": 2, "accepted": 2, "rejected": 1, "executed_shares": 140, "cancelled": 60}
ENTERED = (0, 4)
"""Where the conversation has orders."""
CASH = -40 * 999_900 + 100 * 1_000_000
MID = 1_000_000
BOOKS = {"AAPL": {"bids": [[999_900, 1, 1]], "asks": [[1_000_101, 1, 1]]}}


@pytest.fixture
def ledger() -> Ledger:
    ways = {"in": Way.TO_EXCHANGE, "out": Way.FROM_EXCHANGE}
    return build(Entry(ways[way], message.encode().hex()) for way, message in conversation())


@pytest.fixture
def evidence() -> Evidence:
    """Both sides tell the truth: the trader's messages 1 to 10 of 10, its money, its copy."""
    log = [{"login": "HFT1", "dir": way, "hex": message.encode().hex()} for way, message in conversation()]
    return Evidence(
        stats={
            "feed": {"next": 11, "messages": 10, "lost": 0, "malformed": 0, "by_type": {"A": 7, "D": 3}},
            "orders": {"sent": 2},
            "cash_price4": CASH,
            "pnl_price4": CASH - 60 * MID,
            "tick_to_trade": {"count": 2},
            "risk": {"quantity": 1},
            "telemetry": {"journal_dropped": 0},
        },
        journal=[{"n": 2 * n + 1, "t": n, "dir": "out", "hex": log[at]["hex"]} for n, at in enumerate(ENTERED)],
        decisions={2: decision(reference=1), 4: decision(reference=2), 5: decision(code=7)},
        summary={
            "faults": 0,
            "duplicates": 1,
            "conflicts": 0,
            "live": {"1": {"count": 9, "last": 9, "missing": 0}},
            "journals": {"2": {"count": 5, "last": 5, "missing": 0}},
        },
        exchange={
            **COUNTS,
            "by_login": {"HFT1": dict(COUNTS)},
            "feed": {"messages": 10, "by_type": {"A": 7, "D": 3}},
        },
        exchange_log=log,
        exchange_sequence=10,
    )


def everything(evidence: Evidence, ledger: Ledger) -> list[Difference]:
    return [
        *audit.check_counters(evidence),
        *audit.check_feed(evidence),
        *audit.check_money(evidence, ledger, BOOKS),
        *audit.check_latency(evidence),
        *audit.check_collector(evidence),
        *audit.check_decisions(evidence),
    ]


def test_true_figures_pass(evidence: Evidence, ledger: Ledger) -> None:
    assert audit.counted(evidence.exchange_log) == COUNTS
    assert everything(evidence, ledger) == []


@pytest.mark.parametrize("name", list(COUNTS))
def test_each_counter_is_held_against_the_log(evidence: Evidence, ledger: Ledger, name: str) -> None:
    evidence.exchange[name] += 1
    (over_all,) = everything(evidence, ledger)
    assert str(over_all) == f"counter: all logins {name}: the exchange counted {COUNTS[name] + 1}, its log has " + str(
        COUNTS[name]
    )
    evidence.exchange[name] -= 1
    del evidence.exchange["by_login"]["HFT1"][name]
    (of_the_login,) = everything(evidence, ledger)
    assert (of_the_login.name, of_the_login.subject) == ("counter", f"HFT1 {name}")


def test_other_logins_count_over_all_only(evidence: Evidence, ledger: Ledger) -> None:
    evidence.exchange_log.append({"login": "HFT2", "dir": "in", "hex": "51"})
    assert [item.subject for item in everything(evidence, ledger)] == ["all logins received"]
    evidence.exchange["received"] += 1
    assert everything(evidence, ledger) == []


@pytest.mark.parametrize(
    ("change", "subjects"),
    [
        ({"messages": 9}, ["sequence"]),
        ({"messages": 9, "next": 10, "by_type": {"A": 7, "D": 2}}, ["messages", "type D"]),
        ({"lost": 1}, ["sequence"]),
        ({"messages": 9, "lost": 1, "by_type": {"A": 7, "D": 2}}, []),
        ({"messages": 9, "lost": 1, "by_type": {"A": 6, "D": 4}}, ["type D"]),
        ({"by_type": {"A": 7, "D": 2, "X": 1}}, ["type D", "type X"]),
        ({"malformed": 1}, ["malformed"]),
    ],
)
def test_a_false_feed_figure_is_found(
    evidence: Evidence, ledger: Ledger, change: dict[str, Any], subjects: list[str]
) -> None:
    evidence.stats["feed"] |= change
    found = everything(evidence, ledger)
    assert [item.subject for item in found] == subjects
    assert {item.name for item in found} <= {"feed"}


def test_closing_books_must_stand_at_the_last_message(evidence: Evidence, ledger: Ledger) -> None:
    evidence.exchange_sequence = 9
    assert [item.subject for item in everything(evidence, ledger)] == ["closing books"]


@pytest.mark.parametrize(("key", "name"), [("cash_price4", "cash"), ("pnl_price4", "profit")])
def test_false_money_is_found(evidence: Evidence, ledger: Ledger, key: str, name: str) -> None:
    evidence.stats[key] += 1
    (difference,) = everything(evidence, ledger)
    assert difference.name == name


def test_a_position_without_a_middle_leaves_the_profit_open(ledger: Ledger) -> None:
    found = audit.money(ledger, {"AAPL": {"bids": [], "asks": [[1, 1, 1]]}})
    assert found == audit.Money(CASH, None, ("AAPL",))


def test_more_ticks_than_messages_are_found(evidence: Evidence, ledger: Ledger) -> None:
    evidence.stats["tick_to_trade"]["count"] = 3
    assert [item.name for item in everything(evidence, ledger)] == ["tick to trade"]


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        ({"faults": 1}, "faults"),
        ({"conflicts": 2}, "conflicts"),
        ({"journals": {"2": {"count": 6, "last": 6, "missing": 0}}}, "count"),
        ({"live": {"1": {"count": 8, "last": 9, "missing": 1}}}, "live"),
    ],
)
def test_a_flaw_of_the_copy_is_found(evidence: Evidence, ledger: Ledger, change: dict[str, Any], subject: str) -> None:
    evidence.summary |= change
    assert [item.subject for item in everything(evidence, ledger)] == [subject]


def test_holes_are_found_in_the_copy_itself(evidence: Evidence) -> None:
    evidence.journal[1]["n"] = 7
    assert "journal: record 3: missing, or there twice" in [str(item) for item in audit.check_collector(evidence)]
    evidence.summary = {}
    assert [item.subject for item in audit.check_collector(evidence)] == ["summary.json"]


def test_every_order_needs_its_decision_and_every_decision_its_order(evidence: Evidence, ledger: Ledger) -> None:
    evidence.decisions[2] = decision(reference=9)
    assert [str(item) for item in everything(evidence, ledger)] == [
        "decision: order 1: has none in the journal",
        "decision: order 9: was never sent",
    ]


def test_refusals_are_those_that_the_trader_counted(evidence: Evidence, ledger: Ledger) -> None:
    evidence.decisions[5] = decision(code=8)
    assert [item.subject for item in everything(evidence, ledger)] == ["price", "quantity"]


def test_a_decision_that_passed_and_could_not_be_sent_is_no_order(evidence: Evidence, ledger: Ledger) -> None:
    evidence.decisions[6] = decision()
    evidence.summary["journals"]["2"]["count"] = 6
    assert everything(evidence, ledger) == []


def test_decisions_that_found_no_room_are_told(evidence: Evidence, ledger: Ledger) -> None:
    evidence.stats["telemetry"]["journal_dropped"] = 3
    assert [str(item) for item in everything(evidence, ledger)] == ["decision: journal: 3 found no room in the ring"]
