"""What PID 1 holds open."""

import os
import struct

import pytest

from hftapp.knobs import held
from tests.hftapp.knobs.kernel import Kernel


def test_a_kernel_without_sleep_states_has_no_wake_up_latency(kernel: Kernel) -> None:
    assert held.wakeup_latency("0", kernel.reader) == held.Held(None)


def test_the_latency_is_asked_for_and_the_file_stays_open(kernel: Kernel) -> None:
    path = kernel.put("/dev/cpu_dma_latency", "")
    path.write_bytes(struct.pack("<i", 2_000))
    assert held.wakeup_latency("unset", kernel.reader) == held.Held("2000")
    effective, descriptor = held.wakeup_latency("0", kernel.reader)
    assert effective == "0"
    assert descriptor is not None
    os.close(descriptor)  # it was open


@pytest.mark.parametrize(("value", "effective"), [("held", "held"), ("unset", "unset")])
def test_a_socket_with_time_stamps_is_held(kernel: Kernel, value: str, effective: str) -> None:
    found = held.timestamp_socket(value, kernel.reader)
    assert found.effective == effective
    assert (found.descriptor is not None) == (value == "held")
    if found.descriptor is not None:
        os.close(found.descriptor)
