"""What the kernel really did with the CPUs: isolation, tickless CPUs, interrupts per CPU."""

from collections.abc import Iterable
from pathlib import Path

SYSFS_CPU = "/sys/devices/system/cpu"


def parse_list(text: str) -> tuple[int, ...]:
    """CPU numbers of a kernel list such as `1-3,7`; empty and `(null)` (nohz_full unset) give none.

    Raises ValueError for anything else.
    """
    text = text.strip()
    if text in ("", "(null)"):
        return ()
    cpus: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        cpus.extend(range(int(first), int(last or first) + 1))
    return tuple(cpus)


def format_list(cpus: Iterable[int]) -> str:
    """The kernel's list notation of CPU numbers: `0,2-3`."""
    parts: list[list[int]] = []
    for cpu in sorted(set(cpus)):
        if parts and parts[-1][1] == cpu - 1:
            parts[-1][1] = cpu
        else:
            parts.append([cpu, cpu])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def format_mask(cpus: Iterable[int]) -> str:
    """The kernel's hexadecimal mask of CPU numbers, in groups of 32 bits: `00000001,00000003`."""
    value = 0
    for cpu in cpus:
        value |= 1 << cpu
    groups = [f"{value & 0xFFFFFFFF:x}"]
    while value := value >> 32:
        groups[0] = groups[0].zfill(8)
        groups.insert(0, f"{value & 0xFFFFFFFF:x}")
    return ",".join(groups)


def parse_mask(text: str) -> int:
    """A hexadecimal CPU mask as an integer; raises ValueError when it is none."""
    return int(text.strip().replace(",", ""), 16)


def read_list(name: str, root: str = SYSFS_CPU) -> tuple[int, ...]:
    """CPUs listed in `/sys/devices/system/cpu/<name>` (online, isolated, nohz_full); none when the file is absent."""
    try:
        return parse_list((Path(root) / name).read_text(encoding="ascii"))
    except FileNotFoundError:
        return ()


def housekeeping(root: str = SYSFS_CPU) -> tuple[int, ...]:
    """Online CPUs that are not isolated; all online CPUs when every one is isolated."""
    online = read_list("online", root)
    isolated = set(read_list("isolated", root))
    return tuple(cpu for cpu in online if cpu not in isolated) or online


def interrupts(text: str, cpu: int) -> dict[str, int]:
    """Interrupt counts of one CPU by name, from the text of `/proc/interrupts`; names with a count of 0 are left out.

    Numbered interrupts are named `number:action` (`24:virtio0-input.0`), the architecture's own by their short name
    (`LOC` is the local timer). A CPU that is not in the table gives an empty result.
    """
    lines = text.splitlines()
    if not lines:
        return {}
    header = lines[0].split()
    column = f"CPU{cpu}"
    if column not in header:
        return {}
    index = header.index(column)
    found: dict[str, int] = {}
    for line in lines[1:]:
        name, _, rest = line.partition(":")
        fields = rest.split()
        if len(fields) < len(header) or not fields[index].isdigit():
            continue
        count = int(fields[index])
        name = name.strip()
        if name.isdigit() and len(fields) > len(header):
            name = f"{name}:{fields[-1]}"
        if count:
            found[name] = found.get(name, 0) + count
    return found


def read_interrupts(cpu: int, path: str = "/proc/interrupts") -> dict[str, int]:
    """`interrupts()` of the running system; empty where the file does not exist."""
    try:
        return interrupts(Path(path).read_text(encoding="ascii", errors="replace"), cpu)
    except OSError:
        return {}
