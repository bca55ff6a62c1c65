"""Latency samples in logarithmic buckets of under 1 % width: constant memory, one dictionary step per sample."""

from collections.abc import Mapping

SUB_BITS = 7  # 128 buckets per power of two


def bucket(value: int) -> int:
    """Bucket number of a non-negative integer; values below 128 have a bucket each."""
    shift = value.bit_length() - 1 - SUB_BITS
    if shift <= 0:
        return value
    return (shift << SUB_BITS) + (value >> shift)


def lower(number: int) -> int:
    """Smallest value of a bucket."""
    shift = (number >> SUB_BITS) - 1
    if shift <= 0:
        return number
    return (number - (shift << SUB_BITS)) << shift


class Histogram:
    """Counts by bucket with the exact smallest and largest value."""

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.count = 0
        self.low = 0
        self.high = 0

    def add(self, value: int) -> None:
        """Count one sample (a non-negative integer)."""
        shift = value.bit_length() - 1 - SUB_BITS
        key = value if shift <= 0 else (shift << SUB_BITS) + (value >> shift)
        counts = self.counts
        counts[key] = counts.get(key, 0) + 1
        if not self.count or value < self.low:
            self.low = value
        if value > self.high:
            self.high = value
        self.count += 1

    def export(self) -> dict[str, object]:
        """Plain values for the ring: `count`, `min`, `max`, `counts`."""
        return {"count": self.count, "min": self.low, "max": self.high, "counts": dict(self.counts)}


def percentiles(exported: Mapping[str, object], unit: str = "ns") -> dict[str, object]:
    """`{unit, count, min, p50, p99, p999, max}` of an export; percentiles are bucket floors, within 1 %."""
    counts = exported["counts"]
    total = exported["count"]
    low, high = exported["min"], exported["max"]
    if not isinstance(counts, Mapping) or not isinstance(total, int) or not isinstance(low, int):
        raise TypeError(f"not an exported histogram: {exported!r}")
    result: dict[str, object] = {"unit": unit, "count": total, "min": low}
    wanted = [("p50", 500), ("p99", 990), ("p999", 999)]
    seen = 0
    keys = iter(sorted(counts))
    value = low
    for name, permille in wanted:
        rank = max(1, -(-total * permille // 1000))
        while seen < min(rank, total):
            key = next(keys)
            seen += counts[key]
            value = max(low, lower(key))
        result[name] = value
    result["max"] = high
    return result
