"""Reads or writes one capture with one package and prints JSON: `python -m benchmarks.capture_contest PACKAGE TASK`.

It runs in the package's own environment, pinned to one CPU, with the garbage collector off while it is timed. Readers
take the time and the bytes of every packet; writers get frames and times that are in memory already, the times in the
form that the package takes.
"""

import argparse
import gc
import importlib
import json
import os
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

Frames = list[tuple[int, bytes]]
Rows = list[tuple[float, bytes]]
Counted = tuple[int, int]
"""Packets, and the sum of their bytes: what shows that all of them were read."""


def ours_read(path: Path, _limit: int) -> Counted:
    """Every packet as an object: time, link type, bytes."""
    from protocols import pcap_read

    count = size = 0
    with path.open("rb") as file:
        for _time, _link, frame in pcap_read.read(file):
            count += 1
            size += len(frame)
    return count, size


def ours_index(path: Path, _limit: int) -> Counted:
    """Every packet as a row of columns; the bytes stay in the mapped file."""
    from protocols.pcap_index import PacketIndex

    with PacketIndex(path) as index:
        return len(index), int(index.columns.lengths.sum())


def ours_write_pcapng(path: Path, frames: Frames) -> None:
    """`PcapngWriter`, with directions."""
    from protocols.pcap_write import INBOUND, PcapngWriter

    with PcapngWriter(path, "bench") as writer:
        write = writer.write
        for moment, frame in frames:
            write(INBOUND, frame, moment)


def ours_write_pcap(path: Path, frames: Frames) -> None:
    """`PcapWriter`, nanoseconds."""
    from protocols.pcap_write import PcapWriter

    with PcapWriter(path) as writer:
        write = writer.write
        for moment, frame in frames:
            write(frame, moment)


def _sum(packets: Iterator[bytes]) -> Counted:
    count = size = 0
    for packet in packets:
        count += 1
        size += len(packet)
    return count, size


def dpkt_read_pcap(path: Path, limit: int) -> Counted:
    """`dpkt.pcap.Reader`."""
    import dpkt

    with path.open("rb") as file:
        return _sum(packet for _, packet in islice(dpkt.pcap.Reader(file), limit))


def dpkt_read_pcapng(path: Path, limit: int) -> Counted:
    """`dpkt.pcapng.Reader`."""
    import dpkt

    with path.open("rb") as file:
        return _sum(packet for _, packet in islice(dpkt.pcapng.Reader(file), limit))


def dpkt_rows(frames: Frames) -> Rows:
    """What its writers take: times are floats in seconds."""
    return [(moment / 1e9, frame) for moment, frame in frames]


def dpkt_write_pcap(path: Path, rows: Rows) -> None:
    """`dpkt.pcap.Writer.writepkts`."""
    import dpkt

    with path.open("wb") as file:
        dpkt.pcap.Writer(file, snaplen=65_535, nano=True).writepkts(rows)


def dpkt_write_pcapng(path: Path, rows: Rows) -> None:
    """`dpkt.pcapng.Writer.writepkts`; microseconds in the file."""
    import dpkt

    with path.open("wb") as file:
        dpkt.pcapng.Writer(file, snaplen=65_535).writepkts(rows)


def pcapng_read(path: Path, limit: int) -> Counted:
    """`pcapng.FileScanner`, enhanced packets' times and data."""
    import pcapng
    from pcapng.blocks import EnhancedPacket

    def packets() -> Iterator[bytes]:
        for block in pcapng.FileScanner(file):
            if isinstance(block, EnhancedPacket):
                _ = block.timestamp
                yield block.packet_data

    with path.open("rb") as file:
        return _sum(islice(packets(), limit))


def pcapng_write(path: Path, frames: Frames) -> None:
    """`pcapng.FileWriter`."""
    import pcapng
    from pcapng.blocks import EnhancedPacket, InterfaceDescription, SectionHeader

    with path.open("wb") as file:
        section = SectionHeader(endianness="<")
        interface = section.new_member(InterfaceDescription, link_type=1, options={"if_tsresol": b"\x09"})
        writer = pcapng.FileWriter(file, section)
        for moment, frame in frames:
            block = section.new_member(EnhancedPacket, interface_id=interface.interface_id)
            block.timestamp_high, block.timestamp_low = moment >> 32, moment & 0xFFFFFFFF
            block.packet_data = frame
            writer.write_block(block)


def scapy_read_pcap(path: Path, limit: int) -> Counted:
    """`scapy.utils.RawPcapReader`: no dissection."""
    from scapy.utils import RawPcapReader

    with RawPcapReader(str(path)) as reader:
        return _sum(packet for packet, _ in islice(reader, limit))


def scapy_read_pcapng(path: Path, limit: int) -> Counted:
    """`scapy.utils.RawPcapNgReader`: no dissection."""
    from scapy.utils import RawPcapNgReader

    with RawPcapNgReader(str(path)) as reader:
        return _sum(packet for packet, _ in islice(reader, limit))


def scapy_write_pcap(path: Path, frames: Frames) -> None:
    """`scapy.utils.RawPcapWriter`, nanoseconds."""
    from scapy.utils import RawPcapWriter

    with RawPcapWriter(str(path), linktype=1, nano=True, bufsz=1 << 20) as writer:
        writer.write_header(None)
        for moment, frame in frames:
            writer.write_packet(frame, sec=moment // 1_000_000_000, usec=moment % 1_000_000_000)


TASKS: dict[str, dict[str, Callable[..., Any]]] = {
    "hftos": {
        "read pcap": ours_read,
        "read pcapng": ours_read,
        "index pcap": ours_index,
        "index pcapng": ours_index,
        "write pcap": ours_write_pcap,
        "write pcapng": ours_write_pcapng,
    },
    "dpkt": {
        "read pcap": dpkt_read_pcap,
        "read pcapng": dpkt_read_pcapng,
        "write pcap": dpkt_write_pcap,
        "write pcapng": dpkt_write_pcapng,
    },
    "python-pcapng": {"read pcapng": pcapng_read, "write pcapng": pcapng_write},
    "scapy": {"read pcap": scapy_read_pcap, "read pcapng": scapy_read_pcapng, "write pcap": scapy_write_pcap},
}

# Where a package wants frames in another form than ours: made before the clock runs.
ROWS: dict[str, Callable[[Frames], Rows]] = {"dpkt": dpkt_rows}

MODULES: dict[str, tuple[str, ...]] = {
    "hftos": ("protocols.pcap_read", "protocols.pcap_index", "protocols.pcap_write"),
    "dpkt": ("dpkt",),
    "python-pcapng": ("pcapng",),
    "scapy": ("scapy.utils",),
}


def measure(package: str, task: str, path: Path, out: Path, limit: int, repeats: int) -> dict[str, Any]:
    """Seconds of every round and the best rates, by the clock and by the processor's time; what was read or written.

    On a machine that does other things as well only the processor's time, the kernel's included, says something.
    """
    run = TASKS[package][task]
    for module in MODULES[package]:
        importlib.import_module(module)  # not in the first round's time
    writing = task.startswith("write")
    frames = list(islice(_frames(path), limit)) if writing else []
    rows = ROWS[package](frames) if package in ROWS else frames
    seconds, worked, found = [], [], (0, 0)
    for _ in range(repeats):
        gc.collect()
        gc.disable()
        began, busy = time.perf_counter_ns(), time.process_time_ns()
        done = run(out, rows) if writing else run(path, limit)
        seconds.append((time.perf_counter_ns() - began) / 1e9)
        worked.append((time.process_time_ns() - busy) / 1e9)
        gc.enable()
        found = (len(frames), sum(len(frame) for _, frame in frames)) if writing else done
    size = out.stat().st_size if writing else path.stat().st_size
    out.unlink(missing_ok=True)
    return {
        "packets": found[0],
        "bytes": found[1],
        "file": size,
        "seconds": seconds,
        "cpu_seconds": worked,
        "rate": round(found[0] / min(seconds)),
        "cpu_rate": round(found[0] / min(worked)),
    }


def _frames(path: Path) -> Iterator[tuple[int, bytes]]:
    """Frames of a pcap with nanoseconds, little-endian; the standard library alone reads it, in any environment."""
    import struct

    data = path.read_bytes()
    at = 24
    while at < len(data):
        seconds, fraction, length, _ = struct.unpack_from("<4I", data, at)
        yield seconds * 1_000_000_000 + fraction, data[at + 16 : at + 16 + length]
        at += 16 + length


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("package", choices=sorted(TASKS))
    parser.add_argument("task")
    parser.add_argument("file", type=Path, help="what is read; for writers a pcap whose frames they get")
    parser.add_argument("out", type=Path)
    parser.add_argument("--limit", type=int, required=True)
    parser.add_argument("--cpu", type=int, required=True)
    parser.add_argument("--repeats", type=int, required=True)
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.cpu})
    if options.package == "hftos":
        from hftos.compiling import finder

        finder.install()
    found = measure(options.package, options.task, options.file, options.out, options.limit, options.repeats)
    if options.package == "hftos":
        found["kind"] = finder.kind("protocols.pcap_write" if "write" in options.task else "protocols.pcap_scan")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
