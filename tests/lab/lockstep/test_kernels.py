"""Modules are loaded after those they need."""

from lab.lockstep.kernels import module_order

MODULES = {"net_failover": ["failover"], "failover": [], "virtio_net": ["net_failover", "virtio_ring"], "other": []}


def test_each_module_comes_after_what_it_needs_and_nothing_else_comes() -> None:
    # virtio_ring is no module here: it is in the kernel
    assert module_order(MODULES, ["virtio_net", "virtio_pci"]) == ["failover", "net_failover", "virtio_net"]


def test_no_module_is_loaded_twice() -> None:
    assert module_order(MODULES, ["failover", "net_failover", "failover"]) == ["failover", "net_failover"]
