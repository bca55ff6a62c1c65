"""Every rule against the exchange's labelled agents: all offences found, none of their honest twins, nor of the house.

HFTOS_SEEDS says over how many markets.
"""

import os
from collections.abc import Iterator

import pytest

from benchmarks.surveillance import CASES, WITHIN, Case, Outcome, exercise, is_case, market, watch
from exchange.clock import SECOND
from store.surveillance.catalogue import RULES
from store.surveillance.events import OrderEvent

SEEDS = range(1, int(os.environ.get("HFTOS_SEEDS", "1")) + 1)


@pytest.fixture(
    scope="module", params=[(case, seed) for case in CASES for seed in SEEDS], ids=lambda p: f"{p[0].rule}-{p[1]}"
)
def case(request: pytest.FixtureRequest) -> Iterator[tuple[Case, Outcome]]:
    chosen, seed = request.param
    yield chosen, exercise(chosen, seed)


def test_every_rule_has_a_case() -> None:
    assert [one.rule for one in CASES] == [rule.NAME for rule in RULES]


def test_all_offences_are_found_and_nothing_else(case: tuple[Case, Outcome]) -> None:
    chosen, outcome = case
    offences = [label for label in outcome.labels if is_case(label, chosen.rule)]
    assert offences
    assert [label.id for label in offences if not outcome.of(label, chosen.rule)] == []
    twins = [label for label in outcome.labels if label.honest]
    assert twins
    assert [(alert.rule, alert.owner, alert.text) for alert in outcome.false] == []


def test_an_alert_comes_at_its_decisive_event(case: tuple[Case, Outcome]) -> None:
    chosen, outcome = case
    times = {event.t for event in outcome.events}
    for label in outcome.labels:
        for alert in outcome.of(label, chosen.rule) if is_case(label, chosen.rule) else ():
            assert alert.t in times
            assert label.start <= alert.t <= label.end + WITHIN
            assert any(one.ref in label.orders for one in alert.evidence.orders), "it brings its evidence"
            assert all(one.t <= alert.last for one in alert.evidence.orders)


def test_the_house_alone_gives_no_alert() -> None:
    for seed in SEEDS:
        labels, events = market([], seed, 12)
        assert not labels
        assert len({event.account for event in events if isinstance(event, OrderEvent)}) > 50
        alerts, _ = watch(events)
        assert [(alert.rule, alert.owner, alert.text) for alert in alerts] == []


def test_the_same_events_give_the_same_alerts() -> None:
    _, events = market(["spoof:every=2", "wash:every=2,symbol=MSFT"], 5, 4)
    first, again = watch(events)[0], watch(events)[0]
    assert first
    assert [alert.as_json() for alert in first] == [alert.as_json() for alert in again]
    assert len({alert.id for alert in first}) == len(first)
    assert first[0].t > 34_000 * SECOND
