"""What the image is made of, for the manifest and the size report."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the image: `bytes` as stored uncompressed, `files` how many, `sha256` over all of them."""

    name: str
    kind: str
    version: str
    bytes: int
    files: int
    sha256: str
    why: str

    def as_dict(self) -> dict[str, Any]:
        """The component as JSON can express it."""
        return asdict(self)


def component(name: str, kind: str, version: str, files: Mapping[str, bytes], why: str) -> Component:
    """The component of these files (path to content); several files get one hash over their names and hashes."""
    hashes = {path: hashlib.sha256(data).hexdigest() for path, data in sorted(files.items())}
    if len(hashes) == 1:
        (digest,) = hashes.values()
    else:
        digest = hashlib.sha256("".join(f"{h}  {p}\n" for p, h in hashes.items()).encode()).hexdigest()
    return Component(name, kind, version, sum(map(len, files.values())), len(files), digest, why)


def owners(root: Path, paths: Iterable[Path]) -> dict[Path, str]:
    """Which Debian package each file under `root` belongs to, from dpkg's file lists; files of none are absent.

    A package may list a file by the name it had before `/lib` and `/usr/lib` became one folder.
    """
    wanted: dict[str, list[Path]] = {}
    for path in paths:
        inside = "/" + path.relative_to(root).as_posix()
        for name in {inside, inside.removeprefix("/usr")}:
            wanted.setdefault(name, []).append(path)
    found: dict[Path, str] = {}
    for listing in sorted((root / "var/lib/dpkg/info").glob("*.list")):
        package = listing.stem.partition(":")[0]
        for line in listing.read_text(encoding="utf-8").splitlines():
            for path in wanted.get(line, ()):
                found[path] = package
    return found


def version_of(path: Path, owned: Mapping[Path, str], versions: Mapping[str, str]) -> str:
    """`package version` of a file, `unknown` for a file no package owns."""
    package = owned.get(path, "")
    return f"{package} {versions[package]}" if package in versions else "unknown"


def summarise(components: Sequence[Component]) -> dict[str, int]:
    """Bytes by kind, largest first."""
    totals: dict[str, int] = {}
    for part in components:
        totals[part.kind] = totals.get(part.kind, 0) + part.bytes
    return dict(sorted(totals.items(), key=lambda item: -item[1]))
