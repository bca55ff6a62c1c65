"""Rows out of ITCH messages: the same as those that the decoded messages and the order-by-order book give."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import binaryfile, itch50
from protocols.itch50 import ItchMessage
from store import itch_walk
from store.itch_walk import ItchWalk
from store.load_feed import FeedRows
from tests.store.feed_maker import flow
from tests.store.feed_truth import Truth

SAMPLE = Path(__file__).parents[1] / "data/12302019_SNIPPET.NASDAQ_ITCH50"
ROOT = Path(__file__).parents[2]


def rows_of(raw: Iterable[bytes], room: int = 1 << 12) -> tuple[dict[str, list[dict[str, Any]]], ItchWalk]:
    """The rows of messages, numbered from 1, by table; without run, venue and time."""
    messages = list(raw)
    data = np.frombuffer(b"".join(messages) or b"\0", np.uint8)
    lengths = np.array([len(message) for message in messages], np.int64)
    starts = np.cumsum(lengths) - lengths
    feed = FeedRows("run", 0, room)
    found: dict[str, list[dict[str, Any]]] = {"l3_events": [], "quotes": [], "trades": []}
    numbers = np.arange(1, len(messages) + 1, dtype=np.uint64)
    for table, batch in feed.take(data, starts, lengths, numbers, lambda places, clock: places * 0):
        found[table] += batch.drop_columns(["run", "venue", "t"]).to_pylist()
    return found, feed.walk


def check(messages: list[ItchMessage], room: int = 1 << 12) -> ItchWalk:
    """Compare the rows of messages with the truth, row by row."""
    found, walk = rows_of((message.encode() for message in messages), room)
    truth = Truth(enumerate(messages, 1))
    assert found["l3_events"] == truth.events
    assert found["quotes"] == truth.quotes
    assert found["trades"] == truth.trades
    assert walk.open_orders == truth.books.open_orders
    assert walk.duplicates == truth.books.duplicate_references
    assert walk.unknown == truth.books.unknown_references + truth.books.orphan_references
    return walk


def test_the_sample_of_a_real_day_gives_the_rows_of_the_decoded_messages() -> None:
    messages = [itch50.decode(raw) for raw in binaryfile.read(SAMPLE)]
    walk = check(messages)
    assert len(messages) == 1000
    assert walk.unknown > 0, "a slice has orders from before it began"


@pytest.mark.parametrize("seed", range(4))
def test_a_flow_of_every_kind_of_message_gives_the_same_rows_in_batches_of_any_size(seed: int) -> None:
    messages = flow(1500, seed)
    assert {message.TYPE for message in messages} >= set("RAFECXDUPQ")
    check(messages, room=(1 << 12, 7, 100, 33)[seed])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_messages_in_any_order_and_with_holes_give_the_same_rows(data: st.DataObject) -> None:
    messages = flow(120, data.draw(st.integers(0, 50)))
    places = data.draw(st.lists(st.integers(0, len(messages) - 1), max_size=150))
    check([messages[place] for place in places])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=50), st.sampled_from([m.encode() for m in flow(60, 1)]))))
def test_bytes_of_any_kind_make_no_row_and_break_no_book(raw: list[bytes]) -> None:
    good: list[ItchMessage | None] = []
    for message in raw:
        try:
            good.append(itch50.decode(message))
        except ValueError:
            good.append(None)
    found, _ = rows_of(raw)
    truth = Truth((number, message) for number, message in enumerate(good, 1) if message is not None)
    # A code that the table refuses is taken here where no row depends on it; what is decoded must be the same.
    numbers = {row["sequence"] for row in truth.events}
    assert [row for row in found["l3_events"] if row["sequence"] in numbers] == truth.events
    assert all(raw[row["sequence"] - 1][:1] in (b"A", b"F", b"E", b"C", b"X", b"D", b"U", b"P", b"Q")
               for row in found["l3_events"])  # fmt: skip


def test_sizes_are_those_of_the_protocol_table() -> None:
    assert {kind: itch50.MESSAGES[kind].SIZE for kind in itch_walk.SIZES} == itch_walk.SIZES


def test_a_batch_larger_than_the_room_is_refused() -> None:
    walk = ItchWalk(2)
    with pytest.raises(ValueError, match="a batch of 3 messages, there is room for 2"):
        walk.walk(np.zeros(9, np.uint8), np.zeros(3, np.int64), np.zeros(3, np.int64))


SCRIPT = """
import json, sys
from hftos.compiling import finder
finder.install()
from store import feed_scan, itch_walk
assert itch_walk.__file__.endswith(".so") and feed_scan.__file__.endswith(".so"), itch_walk.__file__
from tests.store.feed_maker import flow
from tests.store.test_itch_walk import rows_of
found, walk = rows_of(m.encode() for seed in range(3) for m in flow(2000, seed))
json.dump([found, walk.open_orders, walk.unknown, walk.duplicates], sys.stdout)
"""


def test_compiled_and_interpreted_give_the_same_rows() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "HFTOS_INTERPRETED"}
    compiled = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert compiled.returncode == 0, compiled.stderr
    found, walk = rows_of(message.encode() for seed in range(3) for message in flow(2000, seed))
    assert json.loads(compiled.stdout) == [found, walk.open_orders, walk.unknown, walk.duplicates]
