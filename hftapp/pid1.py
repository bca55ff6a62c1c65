"""PID 1: bring the machine into shape, run the supervisor, power off. Nothing in here may end with a traceback.

A failure anywhere is printed with its reason, sent to the office if there is a connection, and ends the machine.
"""

import os
from pathlib import Path
from typing import NoReturn

from hftapp import console

JOURNAL = "/run/hftos/journal"


def run(reached: float) -> NoReturn:
    """Run the machine; `reached` is the guest uptime in seconds at which main() was entered. Never returns."""
    console.say(f"main() reached at {reached:.3f} s of uptime")
    try:
        status, reason = _machine(reached)
    except BaseException as error:  # nothing may leave PID 1: the kernel would panic without a reason
        status, reason = 1, _explain(error)
    _end(status, reason)


def _explain(error: BaseException) -> str:
    """One line for the console's exit line; the traceback of an error nobody foresaw goes before it."""
    from hftapp import reasons

    if not reasons.foreseen(error):
        console.say(reasons.text(error))
    return reasons.line(error)


def _end(status: int, reason: str) -> NoReturn:
    while True:
        try:
            from hftapp import power

            power.off(status, reason)
        except BaseException as error:  # even a broken power-off must not end PID 1
            console.say(f"exit status {status}: {reason} (power off failed: {error!r})")
            _halt()


def _halt() -> NoReturn:
    import signal

    while True:
        signal.pause()


def _machine(reached: float) -> tuple[int, str]:
    """Mounts, knobs, configuration, management network, supervisor; returns exit status and reason."""
    from hftapp import mounts

    notes = mounts.mount_all()
    console.adopt()
    for note in notes:
        console.say(note)
    _environment()
    if Path("/sys/firmware/acpi/tables/SPCR").exists():
        from hftapp import redirection

        redirection.follow()
    if Path("/modules").is_dir():  # the image's own kernel has none
        from hftapp import kernel_modules

        kernel_modules.load_all()
    from hftapp import boot, config_source

    chosen = config_source.find()
    for line in chosen.mark():
        console.say(line)
    settings = chosen.settings
    machine = boot.prepare(settings, reached)
    machine.configuration, machine.warning = chosen.record(), chosen.state()
    from hftapp import harness

    if measured := harness.asked_for(boot.command_line()):
        if chosen.is_fallback:  # figures of another configuration than was asked for are worth nothing
            return 1, chosen.state()
        return harness.run(measured, settings, machine.trader, console.say, machine.record())
    from hftapp import watchdog
    from hftapp.supervisor import Supervisor

    guard = watchdog.start(settings.host.watchdog_seconds, console.say)
    supervisor = Supervisor(settings, journal_dir=JOURNAL, say=console.say, boot=machine, watchdog=guard)
    try:
        outcome = supervisor.run()
    finally:
        guard.stop()  # a machine that ends trading must not start again by itself
    return outcome.status, outcome.reason


def _environment() -> None:
    """Limits and working directory a service manager would have set."""
    import resource

    os.chdir("/")
    Path("/").chmod(0o755)  # the kernel lets anybody write there; DPDK refuses drivers that lie below such a folder
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
