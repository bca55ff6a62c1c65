"""The disk image that is flashed: opened once, compared with its manifest, its partition table read."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from image import build as builder
from image.flash import gpt
from image.flash.errors import SourceError, TableError

IMAGE = "hftos.img"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Source:
    """An image that is whole. `content` stays the same file even if a build replaces it; `manifest` says whether
    a manifest lies beside it: then the hash is the manifest's."""

    path: Path
    content: BufferedReader
    size: int
    sha256: str
    table: gpt.Table
    product: str
    manifest: bool

    def read(self, at: int, size: int) -> bytes:
        """Content from an offset; zeros beyond the end. Raises SourceError."""
        try:
            self.content.seek(at)
            return self.content.read(size).ljust(size, b"\0")
        except OSError as error:
            raise SourceError(f"the image {self.path} cannot be read ({error.strerror or error})") from error

    def check_unchanged(self) -> None:
        """Raises SourceError when the file's content is no longer that which was opened."""
        try:
            self.content.seek(0)
            digest = hashlib.file_digest(self.content, "sha256").hexdigest()
        except OSError as error:
            raise SourceError(f"the image {self.path} cannot be read ({error.strerror or error})") from error
        if digest != self.sha256:
            raise SourceError(
                f"the image {self.path} was changed meanwhile: its SHA-256 was {self.sha256} and is {digest}"
            )

    def as_dict(self) -> dict[str, Any]:
        """JSON types."""
        return {
            "path": str(self.path),
            "bytes": self.size,
            "sha256": self.sha256,
            "product": self.product,
            "manifest": self.manifest,
            "partitions": [
                {name: str(value) if name in ("kind", "unique") else value for name, value in asdict(part).items()}
                for part in self.table.partitions
            ],
        }


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no image to flash, and what to do; `path` is None where it is not even known where one would be."""

    path: Path | None
    text: str


def of_profile(name: str) -> Path:
    """Where the build of a profile puts its disk image."""
    return builder.output_of(name) / IMAGE


@contextmanager
def opened(path: Path, build: str) -> Iterator[Source]:
    """The image at `path`; `build` is the command that would make it. Raises SourceError when it is not whole."""
    remedy = f"build it: {build}"
    try:
        content = path.open("rb")
    except OSError as error:
        raise SourceError(f"the image {path} cannot be read ({error.strerror}); {remedy}") from error
    with content:
        yield _checked(path, content, remedy)


def _checked(path: Path, content: BufferedReader, remedy: str) -> Source:
    digest = hashlib.file_digest(content, "sha256").hexdigest()
    size = content.seek(0, 2)
    described = _described(path.parent / MANIFEST, path.name, remedy)
    if described is not None:
        output = described["outputs"][path.name]
        if (output["bytes"], output["sha256"]) != (size, digest):
            raise SourceError(
                f"the image {path} is damaged or another one: its {size} bytes have the SHA-256 {digest}, but "
                f"{path.parent / MANIFEST} says {output['bytes']} bytes and {output['sha256']}; {remedy}, "
                "or put an image that you changed yourself into a folder of its own"
            )

    def read_at(at: int, count: int) -> bytes:
        content.seek(at)
        return content.read(count)

    if size % gpt.BLOCK:
        raise SourceError(f"the image {path} is damaged: {size} bytes are no whole blocks of {gpt.BLOCK}; {remedy}")
    try:
        table = gpt.read(read_at, size)
    except TableError as error:
        raise SourceError(f"{path} is no disk image, or damaged: {error}; {remedy}") from error
    product = "" if described is None else f"{described['product']} {described['version']}, {described['profile']}"
    return Source(path, content, size, digest, table, product, described is not None)


def _described(manifest: Path, name: str, remedy: str) -> dict[str, Any] | None:
    """The manifest beside the image; None when there is none, or when it is another image's."""
    try:
        found = json.loads(manifest.read_text(encoding="utf-8"))
        output = found["outputs"].get(name)
        if output is None:
            return None
        _ = (output["bytes"] + 0, str(found["product"]), str(found["version"]), str(found["profile"]))
        if not isinstance(output["sha256"], str):
            raise SourceError(f"{manifest} does not tell the SHA-256 of {name}; {remedy}")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise SourceError(f"{manifest} is damaged ({error!r}); {remedy}") from error
    return dict(found)
