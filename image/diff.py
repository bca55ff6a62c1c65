"""What sets two profiles apart: kernel symbols, command line, DPDK drivers, and bytes where both are built.

Symbols are compared as they take effect: what follows from a request by itself is told from the request.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from image import build as builder
from image import buildroot, kconfig, kernel, profile, sizes
from image.command import build_command
from image.profile import Profile
from image.progress import Reporter

OFF = "n"
FOLLOWS = "follows from others"
_DEPTH = 2
_OUTPUTS = ("vmlinuz", builder.INITRAMFS, "hftos.efi")


@dataclass(frozen=True, slots=True)
class Row:
    """One difference: the value in either profile, None where there is none, and why it is there."""

    name: str
    first: str | None
    second: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Size:
    """The bytes of a file, or of what lies in a folder of the kernel or of userspace, in either image."""

    name: str
    first: int
    second: int

    @property
    def growth(self) -> int:
        """Bytes that the second has more than the first."""
        return self.second - self.first


@dataclass(frozen=True, slots=True)
class Diff:
    """All differences of two profiles; there are no sizes where one of them is among the `unbuilt`."""

    first: str
    second: str
    symbols: tuple[Row, ...]
    parameters: tuple[Row, ...]
    drivers: tuple[Row, ...]
    outputs: tuple[Size, ...]
    parts: tuple[Size, ...]
    unbuilt: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The differences as JSON can express them."""
        return asdict(self)


def compare(first: str, second: str, reporter: Reporter) -> Diff:
    """The differences of two profiles. Compiles nothing: bytes are those of the images that were built last."""
    p, q = profile.load(first), profile.load(second)
    root = buildroot.ensure(reporter)
    configs = [kernel.configure(root, chosen, reporter).read_text(encoding="utf-8") for chosen in (p, q)]
    folders = [builder.output_of(name) for name in (first, second)]
    unbuilt = [c.name for c, folder in zip((p, q), folders, strict=True) if not (folder / "manifest.json").is_file()]
    return Diff(
        first=first,
        second=second,
        symbols=_symbols(p, q, kconfig.parse(configs[0]), kconfig.parse(configs[1])),
        parameters=_words(p, q),
        drivers=_rows(
            {driver.name: driver.why for driver in p.drivers}, {driver.name: driver.why for driver in q.drivers}
        ),
        outputs=() if unbuilt else _outputs(*folders),
        parts=() if unbuilt else _parts(first, second),
        unbuilt=tuple(dict.fromkeys(unbuilt)),
    )


def _symbols(p: Profile, q: Profile, first: Mapping[str, str], second: Mapping[str, str]) -> tuple[Row, ...]:
    """Effective values that differ; those that were asked for come first."""
    reasons = {symbol.name: symbol.why for chosen in (p, q) for symbol in chosen.symbols}
    rows = [
        Row(name, first.get(name, OFF), second.get(name, OFF), reasons.get(name, FOLLOWS))
        for name in sorted({*first, *second})
        if first.get(name, OFF) != second.get(name, OFF)
    ]
    return tuple(sorted(rows, key=lambda row: row.why == FOLLOWS))


def _words(p: Profile, q: Profile) -> tuple[Row, ...]:
    """Words of the command line that differ, in the order of the first profile and then of the second."""
    rows: dict[str, Row] = {}
    for chosen in (p, q):
        for word in (*chosen.parameters, *chosen.init):
            name = word.text.partition("=")[0]
            first, second = _values(p, name), _values(q, name)
            if first != second:
                rows.setdefault(name, Row(name, first, second, word.why))
    return tuple(rows.values())


def _values(chosen: Profile, name: str) -> str | None:
    """All words of that name, which may be given several times as `console=` is."""
    words = [word.text for word in (*chosen.parameters, *chosen.init) if word.text.partition("=")[0] == name]
    return " ".join(words) or None


def _rows(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[Row, ...]:
    names = [*first, *(name for name in second if name not in first)]
    return tuple(
        Row(name, "y" if name in first else None, "y" if name in second else None, {**first, **second}[name])
        for name in names
        if (name in first) != (name in second)
    )


def _outputs(first: Path, second: Path) -> tuple[Size, ...]:
    return tuple(Size(name, (first / name).stat().st_size, (second / name).stat().st_size) for name in _OUTPUTS)


def _parts(*profiles: str) -> tuple[Size, ...]:
    """Folders of the kernel and groups of userspace whose bytes differ, unpacked, the largest difference first."""
    found = [sizes.measure(builder.output_of(name), build_command(name)) for name in profiles]
    # A kernel whose objects are not known cannot be compared with those of another.
    kernels = all(part.name != sizes.AS_STORED for one in found for part in one.kernel.parts)
    tables = [_flat(*([one.kernel] if kernels else []), one.userspace) for one in found]
    rows = [
        Size(name, tables[0].get(name, 0), tables[1].get(name, 0))
        for name in sorted({*tables[0], *tables[1]})
        if tables[0].get(name, 0) != tables[1].get(name, 0)
    ]
    return tuple(sorted(rows, key=lambda row: -abs(row.growth)))


def _flat(*wholes: sizes.Part) -> dict[str, int]:
    """Bytes by folder, at most `_DEPTH` levels deep. Levels are counted in the files' own paths: a folder that is one
    level in one image may be two in another, where it has more in it."""
    table: dict[str, int] = {}
    for whole in wholes:
        for path, part in whole.walk():
            if not part.parts:
                words = path.split("/")
                name = "/".join([whole.name, *words[: min(_DEPTH, len(words) - 1)]])
                table[name] = table.get(name, 0) + part.bytes
    return table
