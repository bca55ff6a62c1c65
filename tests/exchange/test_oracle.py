"""The matching engine against the oracle: the same random operations, the same events, the same books.

HFTOS_ORACLE_OPERATIONS=10000000 makes it the full run, in two processes, with the books compared now and then.
"""

import os
from collections import Counter

import pytest

from exchange.self_match import STRATEGIES
from tests.exchange.cut_down import cut_down
from tests.exchange.duel import DifferenceError, Duel
from tests.exchange.oracle import Oracle
from tests.exchange.oracle_book import MODE, MODES, SCOPE
from tests.exchange.oracle_run import SAMPLE, Hits, missing, run
from tests.exchange.random_flow import SYMBOLS

EVERYDAY = 100_000
OPERATIONS = int(os.environ.get("HFTOS_ORACLE_OPERATIONS", EVERYDAY))


def test_engine_and_oracle_report_the_same_and_take_every_path_of_the_rules() -> None:
    full = OPERATIONS > EVERYDAY
    total: Hits = Counter()
    last = 0
    for done, hits in run(OPERATIONS, first_seed=1, workers=2 if full else 1, every=SAMPLE if full else 4):
        total += hits
        last = done
    assert last == OPERATIONS
    assert missing(total) == []


def test_the_tables_of_strategies_agree() -> None:
    names = list(MODES)
    assert {code: (names.index(MODE[code]) + 1, SCOPE[code] + 1) for code in MODE} == STRATEGIES


ENTER = {"buy": True, "shares": 100, "limit": 9_900}


def test_a_difference_in_events_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Oracle, "_refresh", lambda oracle, order: None)
    duel = Duel(SYMBOLS, keeps_priority=False)
    duel.apply(("enter", "DOLL", 1, ENTER | {"max_floor": 10}))
    with pytest.raises(DifferenceError, match="Restated"):
        duel.apply(("enter", "DOLL", 2, ENTER | {"buy": False, "shares": 10}))


def test_a_difference_in_books_is_noticed() -> None:
    duel = Duel(SYMBOLS, keeps_priority=False)
    duel.apply(("enter", "DOLL", 1, ENTER))
    duel.apply(("enter", "DOLL", 2, ENTER))
    first, second = duel.oracle.books["DOLL"].bids
    first.arrival, second.arrival = second.arrival, first.arrival
    with pytest.raises(DifferenceError, match="queue of bids"):
        duel.check("DOLL")


def test_a_lost_share_is_noticed() -> None:
    duel = Duel(SYMBOLS, keeps_priority=False)
    duel.apply(("enter", "DOLL", 1, ENTER))
    duel.oracle.books["DOLL"].bids[0].shares -= 1
    with pytest.raises(DifferenceError, match="open shares"):
        duel.check_shares()


def test_a_crossed_book_is_noticed() -> None:
    duel = Duel(SYMBOLS, keeps_priority=False)
    duel.apply(("trading", "DOLL", False, True))
    duel.apply(("enter", "DOLL", 1, ENTER))
    duel.apply(("enter", "DOLL", 2, ENTER | {"buy": False}))
    duel.books["DOLL"].quoting = duel.oracle.books["DOLL"].quoting = False
    with pytest.raises(DifferenceError, match="a bid of 9900 and an ask of 9900"):
        duel.check("DOLL")


def test_a_run_that_goes_wrong_is_cut_down_to_what_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Oracle, "_refresh", lambda oracle, order: None)
    reserve, taker = ENTER | {"max_floor": 10}, ENTER | {"buy": False, "shares": 10}
    noise = [("enter", "AAPL", number, ENTER) for number in range(10, 30)]
    run = [*noise[:7], ("enter", "DOLL", 1, reserve), *noise[7:15], ("enter", "DOLL", 2, taker), *noise[15:]]
    assert cut_down(run, SYMBOLS, False) == [("enter", "DOLL", 1, reserve), ("enter", "DOLL", 2, taker)]
