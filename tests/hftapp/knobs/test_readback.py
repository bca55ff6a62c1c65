"""What a kernel shows, kind by kind, and how it is held against what was asked for."""

import pytest

from tests.hftapp.knobs.kernel import Kernel


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("int", " 42\n", "42"),
        ("text", "tsc\n", "tsc"),
        ("first", "4\t4\t1\t7\n", "4"),
        ("choice", "always madvise [never]\n", "never"),
        ("choice", "no brackets", "no brackets"),
        ("parens", "none (voluntary) full\n", "voluntary"),
    ],
)
def test_a_file_is_shown(kernel: Kernel, kind: str, text: str, shown: str) -> None:
    kernel.put("/sys/f", text)
    assert kernel.reader.effective(kind, "/sys/f") == shown


def test_a_pattern_is_looked_for_in_a_file(kernel: Kernel) -> None:
    kernel.put("/proc/meminfo", "MemTotal: 1 kB\nHugepagesize:       2048 kB\n")
    assert kernel.reader.effective("grep", "/proc/meminfo:Hugepagesize: +([0-9]+)") == "2048"


def test_the_log_says_what_the_kernel_did_at_boot_and_the_last_word_counts(kernel: Kernel) -> None:
    kernel.put(
        "/dev/kmsg",
        "6,1,0,-;rcu: \tOffload RCU callbacks from CPUs: 2.\n"
        "6,2,9,-;rcu: \tOffload RCU callbacks from CPUs: 1.\n SUBSYSTEM=x\n",
    )
    reader = kernel.reader
    assert reader.effective("log", "Offload RCU callbacks from CPUs: ([0-9]+)") == "1"
    assert reader.effective("log", "Offload RCU callbacks") == "set"
    assert reader.effective("log", "Poll for callbacks") == "unset"


def test_the_configuration_is_the_running_kernels(kernel: Kernel) -> None:
    kernel.config('CONFIG_HZ=100\nCONFIG_HZ_100=y\n# CONFIG_SWAP is not set\nCONFIG_LOCALVERSION="-hftos"\n')
    reader = kernel.reader
    assert [reader.effective("config", name) for name in ("HZ", "SWAP", "LOCALVERSION")] == ["100", "n", "-hftos"]
    assert reader.effective("config", "HZ_100|HZ_250|HZ_1000") == "HZ_100"
    assert reader.effective("config", "PREEMPT|PREEMPT_RT") == "none of them"
    assert reader.effective("config", "HZ+HZ_100") == "100"
    assert reader.effective("config", "HZ_100+SWAP+NUMA") == "y, without SWAP, NUMA"
    assert reader.effective("config", "SWAP+NUMA") == "n"


class TestTheCommandLine:
    """`cmdline`: the kernel took a parameter when it did not hand it to /init."""

    def test_the_last_one_counts(self, kernel: Kernel) -> None:
        kernel.put("/proc/cmdline", "skew_tick=1 quiet skew_tick=0 -- skew_tick=7")
        assert kernel.reader.effective("cmdline", "skew_tick") == "0"
        assert kernel.reader.effective("cmdline", "quiet") == "set"
        assert kernel.reader.effective("cmdline", "tsc") == "unset"

    def test_what_the_kernel_gave_to_init_it_did_not_know(self, kernel: Kernel) -> None:
        kernel.put("/proc/cmdline", "kthread_cpus=0 nowatchdog -- -m hftapp")
        kernel.put("/proc/1/environ", "HOME=/\0kthread_cpus=0\0")
        kernel.put("/proc/1/cmdline", "/init\0nowatchdog\0-m\0hftapp\0")
        assert kernel.reader.effective("cmdline", "kthread_cpus") == "0, unknown to this kernel"
        assert kernel.reader.effective("cmdline", "nowatchdog") == "set, unknown to this kernel"


class TestAWordAndAFile:
    """`with`, `without`: what the kernel was told, and whether the machine followed."""

    def test_with_a_file(self, kernel: Kernel) -> None:
        place = "hugepagesz:/sys/kernel/mm/hugepages/hugepages-1048576kB"
        assert kernel.reader.effective("with", place) == "unset"
        kernel.put("/proc/cmdline", "hugepagesz=1G")
        missing = "1G, but there is no /sys/kernel/mm/hugepages/hugepages-1048576kB"
        assert kernel.reader.effective("with", place) == missing
        kernel.put("/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "0")
        assert kernel.reader.effective("with", place) == "1G"
        kernel.put("/proc/1/environ", "hugepagesz=1G\0")
        assert kernel.reader.effective("with", place) == "1G, unknown to this kernel"

    def test_without_a_file(self, kernel: Kernel) -> None:
        place = "iommu:/sys/class/iommu/*"
        assert kernel.reader.effective("without", place) == "unset"
        kernel.put("/proc/cmdline", "iommu=off")
        assert kernel.reader.effective("without", place) == "off"
        kernel.put("/sys/class/iommu/dmar0/type", "")
        assert kernel.reader.effective("without", place) == "off, but there is /sys/class/iommu/dmar0"


@pytest.mark.parametrize(
    ("kind", "wanted", "effective", "agree"),
    [
        ("int", "0", "00", True),
        ("int", "0", "x", False),
        ("mask", "1", "00000000,00000001", True),
        ("mask", "1", "3", False),
        ("text", "never", "never", True),
        ("text", "off|notsupported", "notsupported", True),
        ("text", "off|notsupported", "on", False),
        ("cpus", "1-N", "1", True),
        ("cpus", "1-N", "1-63", True),
        ("cpus", "1", "0-1", False),
        ("cpus", "", "", True),
        ("cpus", "1", "(null)", False),
        ("cpus", "1", "nonsense", False),
    ],
)
def test_agreement(kernel: Kernel, kind: str, wanted: str, effective: str, agree: bool) -> None:
    assert kernel.reader.agree(kind, wanted, effective) is agree
