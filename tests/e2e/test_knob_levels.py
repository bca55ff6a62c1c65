"""Every level of the kernel's configuration that the catalogue offers is one that Kconfig takes."""

import pytest

from image import buildroot, catalogue, kernel, profile
from image.catalogue import UNSET, Knob
from image.progress import Quiet

pytestmark = pytest.mark.e2e

# Levels that make sense only together: what else must be set so that they are possible.
WITH = {
    "NO_HZ_FULL=n": {"nohz_full": UNSET},
    "VIRT_CPU_ACCOUNTING_GEN=n": {"NO_HZ_FULL": "n", "nohz_full": UNSET},
    "RCU_NOCB_CPU=n": {"NO_HZ_FULL": "n", "nohz_full": UNSET, "rcu_nocbs": UNSET, "rcu_nocb_poll": UNSET},
    "CPU_ISOLATION=n": {"NO_HZ_FULL": "n", "nohz_full": UNSET, "isolcpus": UNSET},
    "TRANSPARENT_HUGEPAGE=y": {"COMPACTION": "y"},
    "RCU_BOOST=y": {"preemption": "full"},
}
KERNEL = [knob for knob in catalogue.load() if knob.layer == "kconfig"]


def levels(knob: Knob) -> list[tuple[str, str]]:
    """(profile, level) of everything but what a profile has anyway; tracers are the profile lab's."""
    name = "lab" if "qemu" not in knob.values and "lab" in knob.values else "qemu"
    return [(name, level) for level in knob.allowed if level not in (UNSET, knob.values.get(name))]


@pytest.mark.parametrize("knob", KERNEL, ids=lambda knob: knob.name)
def test_kconfig_takes_every_level(knob: Knob) -> None:
    root = buildroot.ensure(Quiet())
    for name, level in levels(knob):
        chosen = profile.load(name, {knob.name: level, **WITH.get(f"{knob.name}={level}", {})})
        assert kernel.configure(root, chosen, Quiet()).is_file()
