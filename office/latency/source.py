"""Opens whatever has latencies: the folder of a run, an `.hlog`, JSON of `hftos latency export` or of `hftos bench`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from office.latency import codec, hlog, run
from office.latency.histogram import Histogram
from office.latency.measured import SECOND, Measured, SourceError, merged

KINDS: Final = "a run's folder, an .hlog, or JSON of `hftos latency export` or `hftos bench` with histograms"
UNTAGGED: Final = "all"
"""Hop of intervals without a tag."""
QUOTABLE: Final = "[Quotable: "
"""Start of the comment in our logs that says whether they may be quoted."""

_DOCUMENT_LIMIT = 256 << 20


def load(path: Path, *, interval: int = SECOND, progress: Callable[[int, int], None] = lambda *_: None) -> Measured:
    """The latencies of a source. Raises SourceError, which says what the path is and what it should be; OSError."""
    if path.is_dir():
        return run.load(path, interval=interval, progress=progress).measured
    if not path.exists():
        raise SourceError(f"{path} does not exist: give {KINDS}")
    if path.stat().st_size > _DOCUMENT_LIMIT:
        raise SourceError(f"{path} has more than {_DOCUMENT_LIMIT >> 20} MiB: give {KINDS}")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is no text: give {KINDS}") from error
    return _document(path, text) if text.lstrip()[:1] in ("{", "[") else _log(path, text)


def _log(path: Path, text: str) -> Measured:
    try:
        log = hlog.read(text.splitlines())
        timeline = {name or UNTAGGED: intervals for name, intervals in hlog.tagged(log)}
        histograms = merged(timeline)
    except ValueError as error:
        raise SourceError(f"{path} is no histogram log: {error}; give {KINDS}") from error
    if not histograms:
        raise SourceError(f"{path} has no intervals: give {KINDS}")
    found = Measured(str(path), histograms=histograms, timeline=timeline)
    for comment in log.comments:
        if comment.startswith(QUOTABLE):
            answer, _, found.reason = comment[len(QUOTABLE) :].removesuffix("]").partition(", ")
            found.quotable = {"yes": True, "no": False}.get(answer)
    return found


def _document(path: Path, text: str) -> Measured:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is no JSON: {error}; give {KINDS}") from error
    texts = _histograms(document)
    if not texts:
        raise SourceError(f"{path} has no histograms (an object of `histograms`): give {KINDS}")
    found = Measured(str(path))
    for name, encoded in texts.items():
        found.histograms[str(name)] = _decoded(path, name, encoded)
    _describe(found, document)
    return found


def _decoded(path: Path, name: str, encoded: object) -> Histogram:
    try:
        return codec.decode_text(str(encoded))
    except codec.CodecError as error:
        raise SourceError(f"{path}: histogram {name!r}: {error}") from error


def _histograms(document: Any) -> dict[str, Any]:
    """The object `histograms` of a document, or of its `results` as `hftos bench` writes it."""
    for part in (document, document.get("results") if isinstance(document, dict) else None):
        if isinstance(part, dict) and isinstance(part.get("histograms"), dict):
            return dict(part["histograms"])
    return {}


def _describe(found: Measured, document: dict[str, Any]) -> None:
    """Whether a document's figures may be quoted: as it says, or by the machine of a benchmark."""
    machine = document.get("machine")
    if isinstance(document.get("quotable"), bool):
        found.quotable, found.reason = document["quotable"], str(document.get("reason", ""))
    elif isinstance(machine, dict) and isinstance(machine.get("virtual"), bool):
        found.quotable = not machine["virtual"]
        found.reason = f"measured on {machine.get('cpu', 'an unknown processor')}" + (
            ", a virtual machine" if machine["virtual"] else ""
        )
