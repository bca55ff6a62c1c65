"""How much memory the machine has left."""

from pathlib import Path


def meminfo(path: str = "/proc/meminfo") -> dict[str, int]:
    """The rows of /proc/meminfo in KiB."""
    found = {}
    for line in Path(path).read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdecimal():
            found[name] = int(words[0])
    return found
