"""Devices and results as people read them."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from image.flash import units
from image.flash.device import Device
from image.flash.refusals import Refusal
from image.flash.source import Fault, Source
from image.flash.writing import Outcome


def target(device: Device, source: Source | Fault) -> Text:
    """What would be erased, and what would be written; to be printed without folding: no path is cut."""
    rows = list(_rows(device, source))
    width = max(len(name) for name, _ in rows)
    return Text("\n".join(f"{name:{width}}  {value}" for name, value in rows))


def _rows(device: Device, source: Source | Fault) -> Iterable[tuple[str, str]]:
    led = "" if device.typed == str(device.path) else f" (from {device.typed})"
    identity = device.identity
    yield "Device", f"{device.path}{led}"
    yield "Kind", f"{device.kind}, {identity.bus}" if identity.bus else device.kind
    yield "Model", identity.model or "none given"
    yield "Serial", identity.serial or "none given"
    yield "Size", f"{units.size(device.bytes)} ({device.bytes:,} bytes)"
    for index, part in enumerate(device.parts or (None,)):
        yield ("On it" if index == 0 else ""), str(part or device.unreadable or "nothing that is known")
    if isinstance(source, Fault):
        return
    beside = "" if source.manifest else ", with no manifest beside it to compare with"
    yield "Image", f"{source.path} ({units.size(source.size)}{beside})"
    if source.product:
        yield "", source.product


def devices(found: Sequence[tuple[Device, Sequence[Refusal]]]) -> Table:
    """The disks of this machine, each with what speaks against flashing it."""
    table = Table("Device", "Model", "Serial")
    table.add_column("Size", justify="right")
    table.add_column("On it")
    table.add_column("Against it")
    for device, refusals in found:
        identity = device.identity
        table.add_row(
            Text(str(device.path)),
            Text(identity.model),
            Text(identity.serial),
            units.size(device.bytes),
            Text("\n".join(str(part) for part in device.parts)),
            Text("\n".join(refusal.reason for refusal in refusals) or "nothing"),
        )
    return table


def done(device: Device, outcome: Outcome, seconds: float, console: Console) -> None:
    """The end of a flashing that succeeded."""
    console.print(
        f"{device.label}: {outcome.words}: {units.size(outcome.written_bytes)} written, "
        f"{units.size(outcome.zeroed_bytes)} of zeros, {units.size(outcome.compared_bytes)} read back; {seconds:.1f} s",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
