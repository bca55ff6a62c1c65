"""`python -m qemu.switch CONFIG.json`: run a switch until SIGTERM or SIGINT; SIGUSR1 marks a moment (`faults.Fault`).

Prints `{"ready": true, "pid": …}` on one line when all ports are open, and its counters as JSON on one line at the
end. Exit status 2 for a wrong configuration.
"""

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from protocols.pcap_rotate import RotatingWriter
from qemu.switch.config import ConfigError, PortConfig, SwitchConfig, parse
from qemu.switch.core import Switch
from qemu.switch.loop import MARK, SwitchLoop
from qemu.switch.ports import Cable, DatagramCable, TapCable


def main(arguments: list[str]) -> int:
    """Run the switch that the file `arguments[0]` describes; gives the exit status."""
    if len(arguments) != 1:
        print("usage: python -m qemu.switch CONFIG.json", file=sys.stderr)
        return 2
    try:
        config = parse(json.loads(Path(arguments[0]).read_text()))
        switch = Switch([port.plan for port in config.ports], config.faults, config.seed)
        cables = [_cable(port) for port in config.ports]
    except (OSError, ValueError, ConfigError) as error:
        print(f"qemu.switch: {arguments[0]}: {error}", file=sys.stderr)
        return 2
    captures = [_capture(port, config) for port in config.ports]
    loop = SwitchLoop(switch, cables, captures, _stop_descriptor())
    print(json.dumps({"ready": True, "pid": os.getpid()}), flush=True)
    try:
        loop.run()
    finally:
        loop.close()
    _report(switch, loop, config)
    return 0


def _cable(port: PortConfig) -> Cable:
    return TapCable(port.cable) if isinstance(port.cable, int) else DatagramCable(*port.cable)


def _capture(port: PortConfig, config: SwitchConfig) -> RotatingWriter | None:
    if port.capture is None:
        return None
    return RotatingWriter(port.capture, port.plan.name, config.rotate_bytes, config.rotate_ns)


def _stop_descriptor() -> int:
    """A descriptor from which the numbers of SIGTERM, SIGINT and `MARK` can be read."""
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def stop(number: int, frame: FrameType | None) -> None:
        """The byte that Python's wakeup writes is all that is needed."""

    signal.set_wakeup_fd(writer)
    for number in (signal.SIGTERM, signal.SIGINT, MARK):
        signal.signal(number, stop)
    return reader


def _report(switch: Switch, loop: SwitchLoop, config: SwitchConfig) -> None:
    """Print the counters, and write them where the configuration asks for it."""
    counters = switch.counters() | {
        "undeliverable": {port.plan.name: n for port, n in zip(config.ports, loop.dropped(), strict=True)}
    }
    line = json.dumps(counters)
    print(line, flush=True)
    if config.counters is not None:
        config.counters.write_text(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
