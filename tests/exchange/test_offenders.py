"""The agents that offend and their honest twins: what they do to the market is what they say they did."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from exchange.clock import SECOND
from exchange.flow.agents import KINDS
from exchange.flow.attribution import AttributedEvent
from tests.exchange.attributed import Attributed
from tests.exchange.test_agents import MS, World

TWINS = {
    "spoof": "scale",
    "layer": "ladder",
    "wash": "meet",
    "self": "guard",
    "stuff": "build",
    "flood": "build",
    "churn": "quote",
    "mark": "take",
    "ignite": "take",
    "stray": "take",
}


def test_every_offender_has_an_honest_twin() -> None:
    assert set(TWINS) == {name for name, kind in KINDS.items() if not kind.HONEST}
    assert all(KINDS[twin].HONEST for twin in TWINS.values())


def test_the_scalers_large_orders_stay_when_the_small_one_has_traded() -> None:
    market = Attributed("scale:every=6,hold=2,stay=0.7", seconds=20)
    assert len(market.labels) == 3
    for label in market.labels:
        mine = [one for one in market.orders if one.ref in label.orders]
        large, small = [one for one in mine if one.event == "entered"]
        assert (large.shares, small.shares, large.side != small.side) == (5_000, 100, True)
        done = max(one.t for one in mine if one.side == small.side)
        withdrawn = [one.t for one in mine if one.side == large.side and one.event == "reduced"]
        assert all(t - done >= 1.4 * SECOND for t in withdrawn), "twice its `stay`"
        assert label.honest


def test_the_ladder_stands_on_both_sides_at_several_prices() -> None:
    market = Attributed("ladder:every=6,hold=3,count=1,levels=4", seconds=8)
    (label,) = market.labels
    mine = [one for one in market.orders if one.account == "A001"]
    first = [one for one in mine if one.t == label.start]
    assert Counter((one.event, one.side) for one in first) == {("entered", "B"): 4, ("entered", "S"): 4}
    assert len({one.price for one in first}) == 8
    assert sum(one.shares if one.event == "entered" else -one.shares for one in mine if one.event != "replaced") == 0
    assert label.end - label.start == 3 * SECOND


def test_the_meeters_two_desks_meet_long_after_the_order_came(tmp_path: Path) -> None:
    world = World(tmp_path, "meet:every=6", seconds=24)
    assert {len(label.owners) for label in world.labels} == {2}
    met = [match for label in world.labels for match in label.self_matches]
    assert met, "it does happen"
    for match in met:
        trade = world.execution(match)
        order, _, _ = world.life(trade.order_reference_number)
        assert order is not None
        assert trade.timestamp - order.timestamp == 600 * MS


def test_who_trades_with_himself_and_who_is_kept_from_it() -> None:
    market = Attributed("self:symbol=AAPL,every=8,size=100", "guard:symbol=MSFT,every=8", seconds=8)
    owners: dict[int, list[AttributedEvent]] = {}
    for one in market.orders:
        if one.event == "executed":
            owners.setdefault(one.match, []).append(one)
    own = [sides for sides in owners.values() if sides[0].account == sides[1].account and sides[0].account[0] == "A"]
    assert len(own) >= 3
    assert {sides[0].account for sides in own} == {"A001"}
    prevented = [one for one in market.orders if one.reason == "Q"]
    assert {one.account for one in prevented} == {"A002"}
    assert len(prevented) >= 3


@pytest.mark.parametrize(("kind", "orders", "lifetime"), [("stuff", 300, 1.0), ("churn", 600, 12.0)])
def test_orders_that_nobody_can_trade_with(kind: str, orders: int, lifetime: float) -> None:
    market = Attributed(f"{kind}:count=1", seconds=18)
    mine = [one for one in market.orders if one.account == "A001"]
    assert Counter(one.event for one in mine) == {"entered": orders, "reduced": orders}
    came = {one.ref: one.t for one in mine if one.event == "entered"}
    assert {one.t - came[one.ref] for one in mine if one.event == "reduced"} == {round(lifetime * MS)}
    (label,) = market.labels
    assert (label.honest, label.filled, len(label.orders)) == (False, 0, orders)


def test_the_flooder_moves_one_order_to_and_fro() -> None:
    market = Attributed("flood:count=1,messages=40", seconds=3)
    mine = [one for one in market.orders if one.account == "A001"]
    assert [one.event for one in mine] == ["entered", *["replaced"] * 40, "reduced"]
    assert all(later.replaces == one.ref for one, later in pairwise(mine[:-1]))
    assert len({one.price for one in mine}) == 2


def test_the_builder_builds_quickly_and_withdraws_slowly() -> None:
    market = Attributed("build:count=1,orders=60", seconds=8)
    mine = [one for one in market.orders if one.account == "A001"]
    entered = [one for one in mine if one.event == "entered"]
    gone = [one for one in mine if one.event == "reduced"]
    assert Counter(one.side for one in entered) == {"B": 30, "S": 30}
    assert entered[-1].t - entered[0].t == 59 * 2 * MS
    assert gone[0].t - entered[-1].t >= 3 * SECOND
    assert all(later.t - one.t == 15 * MS for one, later in pairwise(gone))


@pytest.mark.parametrize("side", ["B", "S"])
def test_the_marker_moves_the_price_its_way(side: str) -> None:
    market = Attributed(f"mark:side={side},count=1", seconds=4)
    (label,) = market.labels
    assert (label.side, len(label.orders)) == (side, 5)
    mine = [one for one in market.orders if one.account == "A001" and one.event == "executed"]
    assert all(one.aggressive and one.side == side for one in mine)
    before, after = market.mid_at(label.start - 1), market.mid_at(mine[-1].t)
    assert (after > before) == (side == "B")


@pytest.mark.parametrize("side", ["B", "S"])
def test_the_igniter_turns_round(side: str) -> None:
    market = Attributed(f"ignite:side={side},count=1", seconds=5)
    mine = [one for one in market.orders if one.account == "A001" and one.event == "executed"]
    pushed = sum(one.shares for one in mine if one.side == side)
    turned = sum(one.shares for one in mine if one.side != side)
    assert pushed >= 500
    assert turned == pushed, "nothing is left"
    first_turn = next(one.t for one in mine if one.side != side)
    assert all(one.t < first_turn for one in mine if one.side == side)


def test_the_stray_trades_like_the_taker() -> None:
    stray, taker = Attributed("stray:count=1", seconds=3), Attributed("take:count=1", seconds=3)
    assert [one._replace(account="") for one in stray.orders] == [one._replace(account="") for one in taker.orders]
    assert [label.honest for label in (*stray.labels, *taker.labels)] == [False, True]
