"""The Debian packages of the build root, and the lock file that says which versions went in."""

from collections.abc import Mapping
from pathlib import Path

SUITE = "trixie"

PACKAGES = (
    "linux-source-6.12",
    "gcc",
    "libc6-dev",
    "make",
    "bc",
    "flex",
    "bison",
    "libelf-dev",
    "ccache",
    "lz4",
    "zstd",
    "xz-utils",
    "python3",
    "libpython3-dev",
    "libdpdk-dev",
    "pkgconf",
    "systemd-ukify",
    "systemd-boot-efi",
    "systemd-repart",
    "dosfstools",
    "mtools",
    "e2fsprogs",
)

LOCK = Path(__file__).with_name("packages.lock")
HEADER = "# Packages of the build root: name and version, one a line. Written by `hftos image lock`.\n"


def read_lock(path: Path = LOCK) -> dict[str, str]:
    """Package name to version; empty when there is no lock file."""
    if not path.is_file():
        return {}
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {words[0]: words[1] for words in lines if len(words) == 2}


def write_lock(versions: Mapping[str, str], path: Path = LOCK) -> None:
    """Writes the lock file, sorted by name."""
    rows = (f"{name} {version}\n" for name, version in sorted(versions.items()))
    path.write_text(HEADER + "".join(rows), encoding="utf-8")


def pins(versions: Mapping[str, str]) -> str:
    """apt preferences that take the locked version where the mirror has it and the suite's newest where it has not."""
    rows = (f"Package: {n}\nPin: version {v}\nPin-Priority: 1001\n" for n, v in sorted(versions.items()))
    return "\n".join(rows)


def differences(locked: Mapping[str, str], installed: Mapping[str, str]) -> list[str]:
    """What differs, a line a package: `gcc: locked 1, installed 2`; empty when there is no lock."""
    if not locked:
        return []
    return [
        f"{name}: locked {locked.get(name, 'nothing')}, installed {installed.get(name, 'nothing')}"
        for name in sorted({*locked, *installed})
        if locked.get(name) != installed.get(name)
    ]
