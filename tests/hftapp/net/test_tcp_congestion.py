from hftapp.net.tcp_congestion import NewReno


def test_slow_start_then_avoidance() -> None:
    """RFC 5681 §3.1."""
    control = NewReno(1000)
    assert control.window == 10_000
    control.on_progress(5000)
    assert control.window == 11_000, "at most one segment an acknowledgement"
    control.threshold = 11_000
    control.on_progress(1000)
    assert control.window == 11_000 + 1000 * 1000 // 11_000


def test_third_duplicate_halves() -> None:
    """RFC 5681 §3.2."""
    control = NewReno(1000)
    assert [control.on_duplicate() for _ in range(3)] == [False, False, True]
    control.enter_recovery(10_000)
    assert (control.threshold, control.window) == (5000, 8000)
    assert not control.on_duplicate()
    assert control.window == 9000
    control.on_partial(2000)
    assert control.window == 8000
    control.leave_recovery(3000)
    assert (control.window, control.recovering) == (4000, False)


def test_limited_transmit() -> None:
    """RFC 3042."""
    control = NewReno(1000)
    control.on_duplicate()
    assert control.allowance() == 11_000
    control.on_duplicate()
    control.on_duplicate()
    assert control.allowance() == 12_000


def test_timeout_starts_again_from_one_segment() -> None:
    control = NewReno(1000)
    control.on_timeout(10_000, True)
    assert (control.window, control.threshold) == (1000, 5000)
    control.on_timeout(1000, False)
    assert control.threshold == 5000
