"""Why a device is not written to: one row a reason, with what to do. All that apply are told.

There is no option that overrides a row.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from image.flash import gpt, units
from image.flash.device import FILE, Device

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Image:
    """What the refusals need to know of the image: its length, and `number` of its file as `Device` has it."""

    bytes: int
    number: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason that applies, and what to do; the remedy is empty where the reason says it already."""

    name: str
    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.reason}; {self.remedy}" if self.remedy else self.reason


@dataclass(frozen=True, slots=True)
class Rule:
    """`applies` gives the reason, with its values, or an empty text."""

    name: str
    applies: Callable[[Device, Image], str]
    remedy: str


def _no_device(device: Device, _image: Image) -> str:
    return "" if device.typed else "no device was named"


def _missing(device: Device, _image: Image) -> str:
    if not device.typed or device.kind != "missing":
        return ""
    return f"there is no {device.typed}" + ("" if str(device.path) == device.typed else f" (it leads to {device.path})")


def _no_disk(device: Device, _image: Image) -> str:
    kinds = ("directory", "character device", "pipe", "socket")
    return f"{device.path} is a {device.kind}, no disk" if device.kind in kinds else ""


def _partition(device: Device, _image: Image) -> str:
    if device.kind != "partition":
        return ""
    return f"{device.path} is a partition of {device.whole}, and the image is that of a whole disk"


def _unknown(device: Device, _image: Image) -> str:
    if device.kind != "unknown":
        return ""
    return (
        f"{device.path} is no disk of a kind that is flashed: arrays, mapped, optical, network and memory disks are not"
    )


def _permission(device: Device, _image: Image) -> str:
    return f"{device.path} may not be read and written by this user" if device.usable and not device.writable else ""


def _unreadable(device: Device, _image: Image) -> str:
    return f"{device.label} cannot be read ({device.unreadable})" if device.writable and device.unreadable else ""


def _no_medium(device: Device, _image: Image) -> str:
    return f"{device.label} has no medium: its size is 0" if device.usable and not device.bytes else ""


def _read_only(device: Device, _image: Image) -> str:
    return f"{device.label} is read-only" if device.read_only else ""


def _system(device: Device, _image: Image) -> str:
    return f"{device.label} is this machine's system disk: it holds {_some(device.users.system)}" * bool(
        device.users.system
    )


def _mounted(device: Device, _image: Image) -> str:
    if device.users.system or not device.users.mounted:  # nobody is told to unmount parts of a running system
        return ""
    return f"{device.label} is mounted on {_some(device.users.mounted)}"


def _swap(device: Device, _image: Image) -> str:
    return f"{device.label} is swapped to: {_some(device.users.swaps)}" if device.users.swaps else ""


def _held(device: Device, _image: Image) -> str:
    return f"{device.label} is in use by {_some(device.users.holders)}, built on it" if device.users.holders else ""


def _written(device: Device, _image: Image) -> str:
    return f"{device.label} is open for writing by {_some(device.users.writers)}" if device.users.writers else ""


def _sectors(device: Device, _image: Image) -> str:
    if not device.usable or device.sector == gpt.BLOCK:
        return ""
    return f"{device.label} has sectors of {device.sector} bytes; the image is for {gpt.BLOCK}"


def _small(device: Device, image: Image) -> str:
    if not device.usable or not device.bytes or device.bytes >= image.bytes:
        return ""
    sizes = f"{device.bytes} bytes, the image {image.bytes} ({units.size(image.bytes)})"
    return f"{device.label} is too small: it has {sizes}"


def _odd(device: Device, _image: Image) -> str:
    if device.kind != FILE or device.bytes % gpt.BLOCK == 0:
        return ""
    return f"{device.path} has {device.bytes} bytes, which are no whole sectors of {gpt.BLOCK}"


def _itself(device: Device, image: Image) -> str:
    if device.kind == FILE and device.number == image.number:
        return f"{device.path} is the image itself"
    return f"{device.path} shows the image itself" if image.number and image.number in device.files else ""


RULES = (
    Rule("no-device", _no_device, "name the disk: make flash DEV=/dev/…; `hftos flash --list` shows them"),
    Rule("missing", _missing, "`hftos flash --list` shows the disks there are"),
    Rule("no-disk", _no_disk, "name a disk, or a file that stands for one"),
    Rule("partition", _partition, "name the whole disk if all of it may go"),
    Rule("unknown", _unknown, "name a disk itself, not what is built on it; `hftos flash --list` shows them"),
    Rule("permission", _permission, "run it as root: sudo .venv/bin/hftos flash --device …"),
    Rule("unreadable", _unreadable, "name a disk whose content can be compared"),
    Rule("no-medium", _no_medium, "insert one, or attach a file to the loop device"),
    Rule("read-only", _read_only, "look for a write protection, or name another disk"),
    Rule("system-disk", _system, "name another disk; this one is never erased from within"),
    Rule("mounted", _mounted, "unmount it if its data may go"),
    Rule("swap", _swap, "end it with swapoff if the disk is the right one"),
    Rule("held", _held, "close the volume, array or loop device if the disk is the right one"),
    Rule("open", _written, "end the program if the disk is the right one"),
    Rule("sectors", _sectors, "set the disk to 512-byte sectors (nvme format --lbaf, for example), or name another"),
    Rule("too-small", _small, "name a larger disk"),
    Rule("odd-size", _odd, "give the file another length: truncate --size=1G FILE"),
    Rule("itself", _itself, "name another disk or file"),
)


def check(device: Device, image: Image, rules: Iterable[Rule] = RULES) -> list[Refusal]:
    """All that speaks against writing `image` to the device; empty when nothing does."""
    return [Refusal(rule.name, reason, rule.remedy) for rule in rules if (reason := rule.applies(device, image))]


def _some(words: tuple[str, ...]) -> str:
    """The first few, and how many more."""
    more = len(words) - _SHOWN
    return ", ".join(words[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
