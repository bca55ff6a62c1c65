"""The kernel configuration as data: complete, without contradictions, and true to the tuning catalogue."""

import tomllib
from pathlib import Path

import pytest

from image import profile

FRAGMENTS = sorted((profile.KERNEL_CONFIG / "fragments").glob("*.toml"))

# The tuning catalogue's kernel configuration.
ON = (
    "NO_HZ_FULL VIRT_CPU_ACCOUNTING_GEN RCU_NOCB_CPU CPU_ISOLATION HIGH_RES_TIMERS X86_CPU_RESCTRL "
    "NET_RX_BUSY_POLL XDP_SOCKETS JUMP_LABEL PSTORE_RAM"
)
OFF = (
    "MODULES SWAP KSM TRANSPARENT_HUGEPAGE COMPACTION SCHED_AUTOGROUP LOCKUP_DETECTOR DETECT_HUNG_TASK "
    "AUDIT RCU_LAZY SLUB_CPU_PARTIAL CONTEXT_TRACKING_USER_FORCE PREEMPT_DYNAMIC CPU_FREQ RCU_BOOST NUMA_BALANCING"
)
# What user-space drivers need and tinyconfig turns off.
DPDK = "FILE_LOCKING HUGETLBFS PROC_PAGE_MONITOR SHMEM MEMFD_CREATE VFIO VFIO_PCI VFIO_NOIOMMU INTEL_IOMMU"


@pytest.fixture(params=profile.names())
def chosen(request: pytest.FixtureRequest) -> profile.Profile:
    return profile.load(request.param)


def test_every_fragment_is_used_by_a_profile() -> None:
    used = {symbol.fragment for name in profile.names() for symbol in profile.load(name).symbols}
    assert {name for name in used if not name.startswith("catalogue/")} == {path.stem for path in FRAGMENTS}


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.stem)
def test_a_fragment_says_what_it_is_about(path: Path) -> None:
    assert len(tomllib.loads(path.read_text(encoding="utf-8"))["concern"]) > 10


def test_values_are_in_config_notation(chosen: profile.Profile) -> None:
    for symbol in chosen.symbols:
        assert symbol.name == symbol.name.upper()
        assert symbol.value in ("y", "n") or symbol.value.isdecimal() or symbol.value[0] == symbol.value[-1] == '"'


@pytest.mark.parametrize(("names", "value"), [(ON, "y"), (OFF, "n"), (DPDK, "y")])
def test_the_tuning_catalogue_is_honoured(chosen: profile.Profile, names: str, value: str) -> None:
    values = {symbol.name: symbol.value for symbol in chosen.symbols}
    assert {name: values.get(name) for name in names.split()} == dict.fromkeys(names.split(), value)


def test_servers_alone_have_several_memory_nodes(chosen: profile.Profile) -> None:
    assert chosen.has("NUMA") == chosen.has("X86_64_ACPI_NUMA") == (chosen.name == "colo")


def test_the_isolated_cpus_are_the_same_everywhere(chosen: profile.Profile) -> None:
    words = dict(word.text.partition("=")[::2] for word in chosen.parameters)
    isolated = words["isolcpus"].removeprefix("managed_irq,domain,")
    assert words["nohz_full"] == words["rcu_nocbs"] == isolated
    assert words["irqaffinity"] != isolated


def test_no_parameter_is_given_twice_or_after_the_dashes(chosen: profile.Profile) -> None:
    names = [word.text.partition("=")[0] for word in chosen.parameters if not word.text.startswith("console=")]
    assert len(set(names)) == len(names)
    assert all(" " not in word.text and word.text != "--" for word in (*chosen.parameters, *chosen.init))


def test_init_is_the_interpreter_started_in_isolation(chosen: profile.Profile) -> None:
    arguments = [word.text for word in chosen.init]
    assert arguments[-2:] == ["-m", "hftapp"]
    assert {"-I", "-B"} <= set(arguments)
    # A kernel takes at most 32 arguments for init (init/main.c, MAX_INIT_ARGS).
    assert len(arguments) <= 32


def test_the_command_line_fits(chosen: profile.Profile) -> None:
    # COMMAND_LINE_SIZE of x86.
    assert len(chosen.cmdline) < 2048
