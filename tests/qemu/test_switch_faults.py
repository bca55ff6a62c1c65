"""Each fault does what it says, from one seed, the same way every time."""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import pytest

from qemu.switch.faults import Direction, Fault, Kind, Lane, Match, Rule, Timed

Build = Callable[..., bytes]
FRAMES = [bytes([2, 0, 0, 0, 0, 1]) * 2 + n.to_bytes(8, "big") for n in range(2_000)]


def rule(kind: Kind, seed: int = 7, index: int = 0, **settings: Any) -> Rule:
    return Rule(Fault("trader", Direction.OUT, kind, **settings), seed, index)


def outcome(subject: Rule, frames: list[bytes] = FRAMES) -> list[Timed]:
    out = [item for now, frame in enumerate(frames) for item in subject.apply(frame, now)]
    return out + subject.expire(1 << 60)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (Kind.LOSS, {"probability": 0.1}),
        (Kind.DUPLICATE, {"probability": 0.1}),
        (Kind.REORDER, {"probability": 0.1}),
        (Kind.CORRUPT, {"probability": 0.1}),
        (Kind.DELAY, {"probability": 0.5, "delay_ns": 100, "jitter_ns": 1_000}),
    ],
)
def test_same_seed_same_faults_other_seed_other_faults(kind: Kind, settings: dict[str, Any]) -> None:
    first, again = rule(kind, **settings), rule(kind, **settings)
    assert outcome(first) == outcome(again)
    assert first.counters == again.counters
    assert outcome(rule(kind, **settings)) != outcome(rule(kind, seed=8, **settings))
    assert outcome(rule(kind, **settings)) != outcome(rule(kind, index=1, **settings))


def test_loss_loses_its_share_and_says_which() -> None:
    subject = rule(Kind.LOSS, probability=0.1)
    kept = {frame for _, frame in outcome(subject)}
    lost = [n for n, frame in enumerate(FRAMES, 1) if frame not in kept]
    assert 150 < len(lost) < 250
    assert subject.counters.indices == lost
    assert (subject.counters.matched, subject.counters.applied) == (len(FRAMES), len(lost))


@pytest.mark.parametrize(("probability", "left"), [(0.0, len(FRAMES)), (1.0, 0)])
def test_loss_of_none_and_of_all(probability: float, left: int) -> None:
    assert len(outcome(rule(Kind.LOSS, probability=probability))) == left


def test_two_losses_on_one_stream_never_lose_the_same_frame() -> None:
    a = rule(Kind.LOSS, index=0, probability=0.3, stream="feed")
    b = rule(Kind.LOSS, index=1, probability=0.3, stream="feed", band=0.3)
    outcome(a), outcome(b)
    assert a.counters.applied > 400
    assert b.counters.applied > 400
    assert not set(a.counters.indices) & set(b.counters.indices)


def test_drop_takes_exactly_the_listed_frames() -> None:
    subject = rule(Kind.DROP, drop=frozenset({2, 5}))
    assert [frame for _, frame in outcome(subject, FRAMES[:6])] == [FRAMES[n] for n in (0, 2, 3, 5)]
    assert subject.counters.indices == [2, 5]


def test_duplicates_come_twice() -> None:
    subject = rule(Kind.DUPLICATE, probability=0.1)
    assert len(outcome(subject)) == len(FRAMES) + subject.counters.applied > len(FRAMES)


def test_a_reordered_frame_comes_after_its_successors_and_none_is_lost() -> None:
    out = [frame for _, frame in outcome(rule(Kind.REORDER, probability=0.05, depth=3))]
    assert sorted(out) == FRAMES
    assert out != FRAMES


def test_a_frame_held_for_reordering_goes_out_in_time_when_none_follows() -> None:
    subject = rule(Kind.REORDER, probability=1.0, hold_ns=500)
    assert subject.apply(FRAMES[0], 100) == []
    assert subject.next_deadline() == 600
    assert subject.expire(599) == []
    assert subject.expire(600) == [(600, FRAMES[0])]
    assert subject.next_deadline() is None


def test_jitter_delays_within_bounds_and_keeps_the_order() -> None:
    out = outcome(rule(Kind.DELAY, delay_ns=1_000, jitter_ns=50))
    assert [frame for _, frame in out] == FRAMES
    times = [due for due, _ in out]
    assert times == sorted(times)
    assert all(1_000 <= due - now <= 1_050 for now, due in enumerate(times))


def test_what_comes_behind_a_delay_that_is_over_does_not_overtake_what_is_late() -> None:
    subject = rule(Kind.DELAY, delay_ns=100, until_ns=500)
    out = [item for now in (490, 500, 589, 591) for item in subject.apply(str(now).encode(), now)]
    assert out == [(590, b"490"), (590, b"500"), (590, b"589"), (591, b"591")]
    assert subject.counters.applied == 1


def test_corruption_flips_one_bit() -> None:
    corrupted = [frame for _, frame in outcome(rule(Kind.CORRUPT), FRAMES[:50])]
    for changed, original in zip(corrupted, FRAMES[:50], strict=True):
        assert len(changed) == len(original)
        assert (int.from_bytes(changed, "big") ^ int.from_bytes(original, "big")).bit_count() == 1


def test_an_outage_lasts_from_its_start_to_its_end() -> None:
    subject = rule(Kind.DOWN, from_ns=100, until_ns=200)
    assert [now for now in (0, 99, 100, 199, 200, 300) if subject.apply(b"frame", now)] == [0, 99, 200, 300]


def test_any_fault_can_be_at_work_for_a_while_only() -> None:
    subject = rule(Kind.LOSS, from_ns=100, until_ns=200)
    assert [now for now in (0, 99, 100, 199, 200, 300) if subject.apply(b"frame", now)] == [0, 99, 200, 300]
    assert (subject.counters.matched, subject.counters.applied) == (6, 2)


def test_a_marked_fault_waits_for_its_moment_and_counts_from_there() -> None:
    subject = rule(Kind.DOWN, from_ns=100, until_ns=200, marked=True)
    assert subject.apply(b"frame", 150) == [(150, b"frame")]
    subject.mark(1000)
    subject.mark(2000)
    assert [now for now in (1000, 1099, 1100, 1199, 1200) if subject.apply(b"frame", now)] == [1000, 1099, 1200]


def test_a_match_spares_all_other_frames(udp: Build) -> None:
    match = Match(int(IPv4Address("239.20.0.1")), 26401, min_payload=21)
    subject = rule(Kind.DROP, match=match, drop=frozenset({1}))
    heartbeat = udp("239.20.0.1", 26401, payload=bytes(20))
    others = [udp("239.20.0.2", 26401, payload=bytes(30)), udp("239.20.0.1", 26402, payload=bytes(30)), heartbeat]
    data = udp("239.20.0.1", 26401, payload=bytes(21))
    assert [frame for _, frame in outcome(subject, [*others, data, data])] == [*others, data]
    assert subject.counters.matched == 2


def test_rules_of_a_lane_work_one_after_the_other() -> None:
    lane = Lane([rule(Kind.DUPLICATE), rule(Kind.DELAY, index=1, delay_ns=10), rule(Kind.DROP, drop=frozenset({2}))])
    assert lane.admit(FRAMES[0], 5) == [(15, FRAMES[0])]


def test_rules_behind_a_reordering_see_the_held_frame_too() -> None:
    lane = Lane([rule(Kind.REORDER, hold_ns=50), rule(Kind.DELAY, index=1, delay_ns=10)])
    assert lane.admit(FRAMES[0], 0) == []
    assert lane.next_deadline() == 50
    assert lane.expire(50) == [(60, FRAMES[0])]
    assert lane.next_deadline() is None
