"""Faults as a user writes them."""

import pytest

from qemu.links import LinkError, feed_rules, nanoseconds, parse_link
from qemu.switch.config import parse

PORTS = [{"name": n, "segment": "s", "tap_fd": 1} for n in ("exchange", "trader", "office", "server")]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("exchange:in:loss=0.01", [{"port": "exchange", "direction": "in", "kind": "loss", "probability": 0.01}]),
        (
            "trader:out:delay=50us,jitter=1.5us",
            [{"port": "trader", "direction": "out", "kind": "delay", "delay_ns": 50_000, "jitter_ns": 1_500}],
        ),
        (
            "server:in:loss=0.05,from=+2s,until=+30s",
            [
                {
                    "port": "server",
                    "direction": "in",
                    "kind": "loss",
                    "probability": 0.05,
                    "from_ns": 2 * 10**9,
                    "until_ns": 30 * 10**9,
                    "marked": True,
                }
            ],
        ),
        (
            "trader:both:down,from=5s,until=7s",
            [
                {"port": "trader", "direction": way, "kind": "down", "from_ns": 5 * 10**9, "until_ns": 7 * 10**9}
                for way in ("in", "out")
            ],
        ),
        ("trader:out:drop=51/50", [{"port": "trader", "direction": "out", "kind": "drop", "drop": [50, 51]}]),
        ("office:in:corrupt=0.1", [{"port": "office", "direction": "in", "kind": "corrupt", "probability": 0.1}]),
        ("trader:in:duplicate=1", [{"port": "trader", "direction": "in", "kind": "duplicate", "probability": 1.0}]),
        (
            "server:in:reorder=0.1,depth=3,hold=2ms",
            [
                {
                    "port": "server",
                    "direction": "in",
                    "kind": "reorder",
                    "probability": 0.1,
                    "depth": 3,
                    "hold_ns": 2_000_000,
                }
            ],
        ),
    ],
)
def test_a_fault_becomes_rules_that_the_switch_takes(text: str, rules: list[dict[str, object]]) -> None:
    assert parse_link(text) == rules
    assert len(parse({"ports": PORTS, "faults": rules}).faults) == len(rules)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no port"),
        ("moon:in:loss=1", "'moon' is no port: must be one of exchange, trader, dropcopy, office, server"),
        ("trader:up:loss=1", "'up' is no direction"),
        ("trader:in:melt", "'melt' is no fault"),
        ("trader:in:loss=2", "'2' is no probability"),
        ("trader:in:loss", "'' is no probability"),
        ("trader:in:loss=0.1,jitter=1us", "loss knows no 'jitter': allowed are from, until"),
        ("trader:in:delay=5", "'5' is no time"),
        ("trader:in:down=1", "down takes no value"),
        ("trader:in:reorder=0.1,depth=0", "depth is '0'"),
        ("trader:in:drop", "drop is ''"),
        ("trader:in:drop=5/x", "'trader:in:drop=5/x': drop is 'x'"),
        ("trader:in:drop=99999999999", "must be an integer from 1"),
        ("trader:in:down,from=7s,until=5s", "'trader:in:down,from=7s,until=5s': until is not after from"),
        ("trader:in:down,until=0s", "until is not after from"),
        ("trader:in:loss=0.1,from=+1s,until=2s", "give both a \\+, or none"),
        ("trader:in:loss=0.1,from=+3s,until=+2s", "until is not after from"),
        ("trader:in:down,from=soon", "'trader:in:down,from=soon': 'soon' is no time"),
        ("trader:in:delay=99999999999s", "is no time"),
        ("trader:in:loss=nan", "'nan' is no probability"),
    ],
)
def test_a_wrong_fault_is_explained(text: str, message: str) -> None:
    with pytest.raises(LinkError, match=message):
        parse_link(text)


def test_times_have_units() -> None:
    assert [nanoseconds(text) for text in ("7ns", "1us", "0.5ms", "2s")] == [7, 1_000, 500_000, 2_000_000_000]


def test_feed_losses_share_a_stream_in_separate_bands() -> None:
    a, b = feed_rules(0.01, 0.02, ())
    assert (a["stream"], a["band"], a["probability"]) == (b["stream"], 0.0, 0.01)
    assert (b["band"], b["probability"]) == (0.01, 0.02)
    assert a["match"] != b["match"]
    with pytest.raises(LinkError, match="more than 1 together"):
        feed_rules(0.6, 0.6, ())


def test_packets_dropped_on_both_lines_are_the_same() -> None:
    a, b = feed_rules(0.0, 0.0, (7, 3))
    assert a["drop"] == b["drop"] == [3, 7]
    assert feed_rules(0.0, 0.0, ()) == []
