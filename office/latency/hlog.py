"""`.hlog`: HdrHistogram's log of interval histograms, format 1.3, as its tools read and write it.

A line an interval: `Tag=NAME,` if it has one, start and length in seconds, the greatest value in `RATIO` units, the
histogram (`office.latency.codec`). `#` starts a comment; `#[StartTime: S ...]` says when recording began, and
`#[BaseTime: S ...]` what start times count from, both in seconds since 1970. Here times are ns.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import IO, Final

from office.latency import codec
from office.latency.histogram import UNSET, Histogram

VERSION: Final = "1.3"
LEGEND: Final = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'
RATIO: Final = 1_000_000
"""Interval_Max is in milliseconds where the histogram is in nanoseconds, as HdrHistogram's writer has it."""
SECOND: Final = 1_000_000_000

_MILLISECOND: Final = 1_000_000
_YEAR_S: Final = 365 * 24 * 3600
_MOST_S: Final = 1 << 33
_TAG: Final = re.compile(r"[^,\s]+")
_TIMES: Final = re.compile(r"#\[(StartTime|BaseTime): *([0-9.]+) ")
_FIELDS: Final = 4


class HlogError(ValueError):
    """A file is no histogram log; the text names the line."""


@dataclass(frozen=True, slots=True)
class Interval:
    """One interval: start in ns since 1970 and length in ns, its histogram, its tag (empty: none)."""

    start: int
    length: int
    histogram: Histogram
    tag: str = ""


@dataclass(slots=True)
class Log:
    """A log: when recording began (ns since 1970, None: it does not say), comments without `#`, intervals."""

    start: int | None = None
    comments: list[str] = field(default_factory=list)
    intervals: list[Interval] = field(default_factory=list)


def write(out: IO[str], intervals: Iterable[Interval], *, start: int, comments: Iterable[str] = ()) -> None:
    """Write a log that began at `start` (ns since 1970), comments first; times are kept to the ns.

    ValueError for a tag with a comma or blanks, or a comment of more than a line.
    """
    base = start // _MILLISECOND * _MILLISECOND
    lines = [f"[Histogram log format version {VERSION}]", *comments]
    if any("\n" in line or "\r" in line for line in lines):
        raise ValueError("a comment is one line")
    out.writelines(f"#{line}\n" for line in lines)
    out.write(f"#[BaseTime: {_seconds(base, 3)} (seconds since epoch)]\n")
    began = datetime.fromtimestamp(base / SECOND, UTC).isoformat(" ", "milliseconds")
    out.write(f"#[StartTime: {_seconds(base, 3)} (seconds since epoch), {began}]\n")
    out.write(LEGEND + "\n")
    for interval in intervals:
        out.write(_line(interval, base) + "\n")


def read(lines: Iterable[str]) -> Log:
    """Read a log; HlogError names the line that is wrong. Whatever the order of tags, times and comments."""
    log = Log()
    base: Decimal | None = None
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith('"'):
            continue
        if text.startswith("#"):
            found = _TIMES.match(text)
            if not found:
                log.comments.append(text[1:])
            elif found[1] == "BaseTime":
                base = _decimal(found[2], number)
            else:
                log.start = _ns(_decimal(found[2], number))
            continue
        fields = _fields(text, number)
        first = _decimal(fields[1], number)
        if base is None:
            base = _guessed_base(log.start, first)
        log.intervals.append(_interval(fields, first + base, number))
    return log


def _line(interval: Interval, base: int) -> str:
    tag = interval.tag
    if tag and not _TAG.fullmatch(tag):
        raise ValueError(f"a tag has no comma and no blanks: {tag!r}")
    if interval.start < base or interval.length < 0:
        raise ValueError(f"an interval from {interval.start} for {interval.length} ns, in a log that begins at {base}")
    greatest = interval.histogram.greatest
    return (
        f"{f'Tag={tag},' if tag else ''}{_seconds(interval.start - base, 9)},{_seconds(interval.length, 9)},"
        f"{Decimal(0 if greatest == UNSET else greatest) / RATIO:.6f},{codec.encode_text(interval.histogram)}"
    )


def _fields(text: str, number: int) -> list[str]:
    """Tag (empty: none), start, length, greatest value, histogram."""
    tag = ""
    if text.startswith("Tag="):
        tag, _, text = text[len("Tag=") :].partition(",")
    fields = text.split(",")
    if len(fields) != _FIELDS:
        raise HlogError(f"line {number}: an interval has {_FIELDS} fields and maybe a tag, not {len(fields)}")
    return [tag, *fields]


def _interval(fields: list[str], start: Decimal, number: int) -> Interval:
    try:
        histogram = codec.decode_text(fields[4])
    except codec.CodecError as error:
        raise HlogError(f"line {number}: {error}") from error
    return Interval(_ns(start), _ns(_decimal(fields[2], number)), histogram, fields[0])


def _guessed_base(start: int | None, first: Decimal) -> Decimal:
    """Without a base time: start times far before the recording's are relative to it (`HistogramLogReader`)."""
    if start is not None and first < Decimal(start) / SECOND - _YEAR_S:
        return Decimal(start) / SECOND
    return Decimal(0)


def _decimal(text: str, number: int) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise HlogError(f"line {number}: {text[:40]!r} is no time in seconds") from error
    if not value.is_finite() or not 0 <= value <= _MOST_S:
        raise HlogError(f"line {number}: {text[:40]!r} is no time in seconds of 0 to {_MOST_S}")
    return value


def _ns(seconds: Decimal) -> int:
    return int((seconds * SECOND).to_integral_value())


def _seconds(ns: int, digits: int) -> str:
    return f"{Decimal(ns) / SECOND:.{digits}f}"


def tagged(log: Log) -> Iterator[tuple[str, list[Interval]]]:
    """The intervals of each tag, in the order of the log."""
    names = dict.fromkeys(interval.tag for interval in log.intervals)
    for name in names:
        yield name, [interval for interval in log.intervals if interval.tag == name]
