"""The proof: whatever the network loses, the client ends with exactly the exchange's books, queue by queue.

The feed is that of a real market (`live_venue`), and the books are compared with the engine's own queues: level by
level, the displayed orders' references and shares in order. `HFTOS_SEEDS` sets how many seeds are tried (default 30).
"""

import dataclasses
import os
from collections import Counter

import pytest

from protocols.recovery_settings import RecoverySettings, RecoveryState
from tests.exchange.feed_simulation import Simulation, Weather
from tests.exchange.live_venue import FEATURES, queues_of

SEEDS = int(os.environ.get("HFTOS_SEEDS", "30"))
SETTINGS = RecoverySettings(
    username="user", password="secret", gap_timeout=500_000, request_timeout=1_000_000, snapshot_retry=1_000_000
)


def check(simulation: Simulation) -> None:
    """Every message from the join on came once and in order, and the books are those of the exchange."""
    received, publisher = simulation.received, simulation.publisher
    assert simulation.client.state is RecoveryState.ENDED
    first, messages = received.runs[-1]
    if messages:
        assert first + len(messages) == publisher.next_sequence
        assert messages == publisher.read(first, len(messages))
    assert queues_of(received.books) == simulation.venue.queues()
    assert received.books.unknown_references == received.books.duplicate_references == 0
    assert simulation.client.held.dropped == 0


def test_one_percent_on_each_line_and_a_thousandth_on_both() -> None:
    requests = recovered = cut = 0
    states: set[RecoveryState] = set()
    features: Counter[str] = Counter()
    types: Counter[str] = Counter()
    for seed in range(SEEDS):
        simulation = Simulation(seed, Weather(), 3000, SETTINGS, join_after=seed * 37 % 2500)
        simulation.run()
        check(simulation)
        requests += simulation.client.counters.requests
        recovered += simulation.client.counters.recovered
        cut += simulation.client.fetch.failed
        states |= simulation.states
        features += simulation.venue.traders.seen
        types += Counter(simulation.publisher.by_type())
        simulation.publisher.close()
    assert requests >= recovered > SEEDS // 10, "the weather must have been bad enough to need the servers"
    # Losses while the snapshot is under way are rare in this weather: SPLICING has a test of its own.
    assert SEEDS < 30 or (cut and states | {RecoveryState.SPLICING} == set(RecoveryState))
    assert set(features) == FEATURES, "the flow must have used what the engine has"
    assert set("AFECXDUPQHS") <= set(types)


@pytest.mark.parametrize("seed", range(4))
def test_a_storm(seed: int) -> None:
    weather = Weather(line=0.2, both=0.05, unicast=0.3, cut=0.5)
    simulation = Simulation(1000 + seed, weather, 1500, SETTINGS, join_after=100)
    simulation.run()
    check(simulation)
    assert simulation.client.counters.recovered > 5


def test_what_is_lost_while_the_snapshot_is_under_way_is_asked_for() -> None:
    spliced = 0
    for seed in range(5):
        simulation = Simulation(6000 + seed, Weather(both=0.3, cut=0.0), 1000, SETTINGS, join_after=500)
        simulation.run()
        check(simulation)
        spliced += RecoveryState.SPLICING in simulation.states
    assert spliced


@pytest.mark.parametrize("seed", range(3))
def test_an_outage_too_long_for_requests_ends_in_a_snapshot(seed: int) -> None:
    settings = dataclasses.replace(SETTINGS, max_gap=100)
    simulation = Simulation(2000 + seed, Weather(outages=((600, 900),)), 1500, settings, join_after=100)
    simulation.run()
    check(simulation)
    assert any("are missing" in reason for reason in simulation.received.resets)
    assert simulation.client.counters.snapshots >= 2


def test_without_a_rerequest_server_a_snapshot_closes_the_gap() -> None:
    weather = Weather(line=0.0, both=0.0, unicast=1.0, cut=0.0, outages=((700, 720),))
    simulation = Simulation(3000, weather, 6000, SETTINGS, join_after=100)
    simulation.run()
    check(simulation)
    assert any("were asked for 5 times" in reason for reason in simulation.received.resets)


def test_a_lost_tail_is_found_by_the_end_of_session() -> None:
    weather = Weather(line=0.0, both=0.0, unicast=0.0, cut=0.0, outages=((1490, 1600),))
    simulation = Simulation(4000, weather, 1500, SETTINGS, join_after=100)
    simulation.run()
    check(simulation)
    assert simulation.client.counters.recovered


def test_the_client_joins_after_everything_happened() -> None:
    simulation = Simulation(5000, Weather(), 1500, SETTINGS, join_after=1500)
    simulation.run()
    check(simulation)
