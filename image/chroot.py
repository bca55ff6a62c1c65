"""Runs commands inside a Debian root folder, as root or in a user namespace of one's own.

Every run has its own mount namespace: mounts vanish with the process, even if it is killed, and nothing is ever mounted
in the host's view. Folders of the host appear under `/mnt/NAME`.
"""

import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from image.errors import BuildRootError, CommandFailedError

# Arguments: the root folder, (source, name) pairs, `--`, the working folder, the command.
_ENTER = """
root=$1; shift
mount -t tmpfs tmpfs "$root/mnt"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
    if [ -d "$1" ]; then mkdir "$root/mnt/$2"; else : > "$root/mnt/$2"; fi
    mount --bind "$1" "$root/mnt/$2"
    shift 2
done
shift
exec chroot "$root" /usr/bin/env -i -C "$@"
"""

_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "HOME": "/tmp",
    "SOURCE_DATE_EPOCH": "0",
}
_KEPT_LINES = 40


@cache
def namespace_command() -> tuple[str, ...]:
    """The command that gives a process its own mounts. Raises BuildRootError where this user cannot have them."""
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    command = ("unshare", *user, "--mount", "--propagation", "private")
    probe = [*command, "sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    try:
        result = subprocess.run(probe, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise BuildRootError("unshare is missing: install the package util-linux") from error
    if result.returncode and not user:
        raise BuildRootError(
            "root may not mount here: a container needs the capability CAP_SYS_ADMIN. "
            f"unshare said: {result.stderr.strip()}"
        )
    if result.returncode:
        raise BuildRootError(
            "neither root nor user namespaces: run as root, or allow them "
            "(sysctl kernel.unprivileged_userns_clone=1; on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0). "
            f"unshare said: {result.stderr.strip()}"
        )
    return command


def run(
    root: Path,
    command: Sequence[str],
    *,
    binds: Mapping[str, Path] | None = None,
    environment: Mapping[str, str] | None = None,
    folder: str = "/",
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Runs `command` in `root` and returns all it printed (standard output and error together).

    `binds` maps a name N to a host folder or file that appears as `/mnt/N`; `folder` is the working folder inside;
    `on_line` sees every line as it comes. Raises CommandFailedError with the last lines when the exit status is not 0.
    """
    enter = _entering(root, command, binds or {}, environment or {}, folder)
    lines: list[str] = []
    with subprocess.Popen(
        enter, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                lines.append(line)
                if on_line:
                    on_line(line.rstrip("\n"))
        except BaseException:
            process.terminate()  # or leaving the block would wait for the command's own end
            raise
    if process.returncode:
        tail = "".join(deque(lines, _KEPT_LINES))
        raise CommandFailedError(f"{command[0]} failed with status {process.returncode}; it ended with:\n{tail}")
    return "".join(lines)


def interact(
    root: Path,
    command: Sequence[str],
    *,
    binds: Mapping[str, Path],
    environment: Mapping[str, str],
    folder: str = "/",
) -> int:
    """Runs `command` as `run` does, but on this process's own terminal; returns its exit status."""
    return subprocess.call(_entering(root, command, binds, environment, folder))


def _entering(
    root: Path, command: Sequence[str], binds: Mapping[str, Path], environment: Mapping[str, str], folder: str
) -> list[str]:
    pairs = [word for name, path in binds.items() for word in (str(path.resolve()), name)]
    variables = [f"{key}={value}" for key, value in {**_ENVIRONMENT, **environment}.items()]
    return [*namespace_command(), "sh", "-ec", _ENTER, "sh", str(root), *pairs, "--", folder, *variables, *command]
