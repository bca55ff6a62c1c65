"""Figures of every kind, written here and read there."""

import os
from itertools import pairwise

import pytest

from hftapp import figures
from hftapp.figures import Figures, Layout
from hftapp.trader.board import Board
from hftapp.trader.figures_table import LAYOUT
from hftapp.trader.instrument import Instrument
from hftapp.units import Price, Shares


def made(instruments: int = 4) -> Figures:
    groups: dict[str, tuple[str, ...] | int] = {"feed": ("packets", "messages"), "types": 3}
    return Figures(Layout(groups, ("nic",), ("cost",), ("session",), instruments))


def test_counters_have_names_or_numbers() -> None:
    shown = made()
    shown.words("feed")[1] = 7
    shown.words("types")[2] = -1
    assert shown.counters("feed") == {"packets": 0, "messages": 7}
    assert shown.words("types").tolist() == [0, 0, -1]
    with pytest.raises(KeyError, match="the 3 figures of 'types' have numbers, not names"):
        shown.counters("types")
    with pytest.raises(KeyError, match="named 'fed'; there are session, feed, types, nic, cost, instruments"):
        shown.words("fed")


def test_an_open_group_takes_names_as_they_come() -> None:
    shown = made()
    shown.publish("nic", {"rx_frames": 1, "tx_frames": 2})
    shown.publish("nic", {"tx_frames": 3, "stack_sent": 4})
    assert shown.counters("nic") == {"rx_frames": 1, "tx_frames": 3, "stack_sent": 4}
    with pytest.raises(ValueError, match="at most 96 names of 1 to 40 characters"):
        shown.publish("nic", {"x" * 41: 1})
    with pytest.raises(ValueError, match="figure 'n93' of 'nic': at most 96 names"):
        shown.publish("nic", {f"n{number}": number for number in range(94)})


def test_texts() -> None:
    shown = made()
    assert shown.text("session") == ""
    shown.set_text("session", "SCRIPTED01")
    assert shown.text("session") == "SCRIPTED01"
    shown.set_text("session", "x" * 100)
    assert shown.text("session") == "x" * 64


def test_a_name_is_there_once() -> None:
    with pytest.raises(ValueError, match="figures named 'a' are there twice"):
        Figures(Layout({"a": 1}, ("a",)))


def test_no_two_groups_share_a_cache_line_or_a_word() -> None:
    shown = Figures(LAYOUT)
    places = sorted(shown._places.values())
    for (at, words), (after, _) in pairwise(places):
        assert at + words <= after
        assert at % figures.LINE == 0


def test_another_process_reads_what_this_one_wrote() -> None:
    shown = made()
    pid = os.fork()
    if pid == 0:
        shown.words("feed")[0] = 5
        shown.histogram("cost").record(1000)
        Board(shown).show(Instrument("ZVZZT", 0))
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert shown.counters("feed")["packets"] == 5
    assert shown.exported("cost")["max"] == 1000
    assert shown.symbol(0) == "ZVZZT"
    shown.close()


def test_the_board_shows_an_instrument_a_turn() -> None:
    shown = made()
    board = Board(shown)
    instruments = [Instrument(symbol, index) for index, symbol in enumerate(("A", "BRK.A", "SPY"))]
    instruments[1].position, instruments[1].bid, instruments[2].last = Shares(-300), Price(4_500_000_000), Price(77)
    board.turn([])
    board.turn(instruments)
    assert shown.shown == 1
    assert (shown.symbol(0), shown.symbol(1), shown.symbol(-1)) == ("A", "#1", "#-1")
    for _ in range(2):
        board.turn(instruments)
    assert [shown.symbol(index) for index in range(3)] == ["A", "BRK.A", "SPY"]
    assert shown.column("position") == [0, -300, 0]
    assert shown.column("bid") == [0, 4_500_000_000, 0]
    instruments[0].position = Shares(9)
    board.turn(instruments)
    assert shown.column("position") == [9, -300, 0]


def test_every_word_of_a_block_is_the_instrument_s_attribute_of_that_name() -> None:
    shown, instrument = made(), Instrument("A", 0)
    for number, name in enumerate(figures.INSTRUMENT[1:], 1):
        setattr(instrument, name, 1000 + number)
    Board(shown).show(instrument)
    words = len(figures.INSTRUMENT)
    assert shown.words("instruments")[1:words].tolist() == [1000 + number for number in range(1, words)]


def test_instruments_without_a_block_are_counted() -> None:
    shown = made(2)
    board = Board(shown)
    board.show_all([Instrument(f"S{index}", index) for index in range(5)])
    assert (board.overflow, shown.shown) == (3, 2)


def test_an_instrument_shown_out_of_turn_leaves_the_others_nameless_until_theirs() -> None:
    shown = made()
    board = Board(shown)
    board.show(Instrument("B", 1))
    assert (shown.symbol(0), shown.symbol(1)) == ("#0", "B")
    board.show(Instrument("A", 0))
    assert shown.symbol(0) == "A"


def test_a_block_that_is_being_written_is_not_read() -> None:
    shown = made()
    Board(shown).show(Instrument("A", 0))
    assert shown.block(0) is not None
    shown.words("instruments")[figures.EDITION] += 1
    assert shown.block(0) is None
