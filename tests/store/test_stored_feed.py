"""A feed out of the store is the feed that was loaded: every message once, with the time of the first line."""

from itertools import pairwise
from pathlib import Path

import pytest

from protocols.itch50 import ItchMessage
from store import fees, stored_feed
from store.client import Store
from store.errors import StoreError
from store.load import Wishes, load
from tests.store.feed_maker import BEGIN, flow, lines, packets, udp, write_capture


def test_every_message_comes_once_in_the_order_of_the_feed(
    opened: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_feed, "PIECE", 37)
    feed = flow(300, 3)
    write_capture(tmp_path / "line.pcapng", lines(feed, 3))
    load(opened, tmp_path / "line.pcapng", Wishes(fees.read(), "whole"))
    found = list(stored_feed.messages(opened, "whole"))
    assert [payload for _, payload in found] == [message.encode() for message in feed]
    times = opened.rows(
        "SELECT toUnixTimestamp64Nano(min(t)) FROM hftos.messages WHERE run = 'whole' GROUP BY feed_sequence "
        "ORDER BY feed_sequence"
    )
    assert [time for time, _ in found] == [time for (time,) in times]


def test_a_hole_in_the_feed_is_passed(opened: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_feed, "PIECE", 10)
    feed = flow(60, 3)
    frames = [(BEGIN + n, 2, udp(0, payload)) for n, payload in packets(feed, 3) if not 10 <= n < 50]
    write_capture(tmp_path / "hole.pcapng", frames)
    load(opened, tmp_path / "hole.pcapng", Wishes(fees.read(), "hole"))
    found = [payload for _, payload in stored_feed.messages(opened, "hole")]
    assert found == [m.encode() for n, m in enumerate(feed, 1) if any(n in span for span in _spans(feed))]
    assert 0 < len(found) < len(feed)


def _spans(feed: list[ItchMessage]) -> list[range]:
    starts = [n for n, _ in packets(feed, 3)] + [len(feed) + 1]
    return [range(a, b) for a, b in pairwise(starts) if not 10 <= a < 50]


def test_a_run_without_this_feed_is_named(opened: Store) -> None:
    with pytest.raises(StoreError, match="the store has no feed of venue 9 in run nobody: `hftos store runs`"):
        next(stored_feed.messages(opened, "nobody", 9))
