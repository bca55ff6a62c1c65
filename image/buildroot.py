"""The build root: a small Debian in which everything for the image is compiled and assembled.

Made once by mmdebstrap, as root or in a user namespace, and kept in the cache under a key of its suite and package
list. The result does not depend on the host's distribution. Nothing else is fetched from anywhere.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from image import cache, chroot, mirror, packages
from image.errors import BuildRootError, LockedVersionError
from image.progress import Reporter

RECIPE = 1
ARCHITECTURE = "amd64"
# Only what apt needs to reach a mirror through this network; never its sources or its keys.
_APT_SETTINGS = ("Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::https::CaInfo", "Acquire::https::Verify")
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


@dataclass(frozen=True)
class BuildRoot:
    """A finished build root: its folder, and name to version of every package in it."""

    path: Path
    versions: Mapping[str, str] = field(repr=False)

    def run(
        self,
        command: Sequence[str],
        *,
        binds: Mapping[str, Path] | None = None,
        environment: Mapping[str, str] | None = None,
        folder: str = "/",
        on_line: Callable[[str], None] | None = None,
    ) -> str:
        """Runs `command` inside; see `image.chroot.run`."""
        return chroot.run(self.path, command, binds=binds, environment=environment, folder=folder, on_line=on_line)

    @property
    def identity(self) -> str:
        """A hash of all versions: what a product depends on that may depend on any tool."""
        return cache.key(versions=dict(self.versions))


def ensure(reporter: Reporter, *, locked: bool = False, lock: Path = packages.LOCK) -> BuildRoot:
    """The build root, made if the cache has none.

    A locked version that the mirror no longer has is replaced by the suite's newest with a notice; with `locked` that
    raises LockedVersionError. Raises BuildRootError where no build root can be made.
    """
    wanted = packages.read_lock(lock)
    if locked and not wanted:
        raise LockedVersionError(f"there is no {lock}: run `hftos image lock` first")
    inputs: dict[str, object] = {"recipe": RECIPE, "suite": packages.SUITE, "packages": packages.PACKAGES}
    folder, made = cache.product("buildroot", cache.key(**inputs), lambda out: _make(out, reporter, wanted))
    root = _open(folder)
    differences = packages.differences(wanted, root.versions)
    if locked and differences and not made:
        # The cached one may be older or newer than the lock: ask the mirror for the locked versions once.
        name = cache.key(**inputs, locked=wanted)
        folder, _ = cache.product("buildroot", name, lambda out: _make(out, reporter, wanted))
        root = _open(folder)
        differences = packages.differences(wanted, root.versions)
    if differences and locked:
        raise LockedVersionError("the mirror no longer has the locked versions:\n  " + "\n  ".join(differences))
    if differences:
        reporter.notice(f"{len(differences)} packages differ from {lock.name}, among them {differences[0]}")
    return root


def _open(folder: Path) -> BuildRoot:
    return BuildRoot(folder / "root", packages.read_lock(folder / "packages"))


def _make(out: Path, reporter: Reporter, wanted: Mapping[str, str]) -> None:
    """Fills `out` with `root/` (the file system) and `packages` (name and version, one a line)."""
    namespace = chroot.namespace_command()
    check_host()
    with reporter.step(f"build root (Debian {packages.SUITE})") as update, tempfile.TemporaryDirectory() as scratch:
        pins = Path(scratch) / "pins"
        pins.write_text(packages.pins(wanted), encoding="utf-8")
        archive = Path(scratch) / "root.tar"
        _bootstrap(archive, pins, update)
        root = out / "root"
        root.mkdir(mode=0o755)
        # Device nodes cannot be made in a user namespace, and owners other than oneself not be given.
        untar = [*namespace, "tar", "-x", "--no-same-owner", "--exclude=./dev/*", "-f", str(archive), "-C", str(root)]
        result = subprocess.run(untar, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if result.returncode:
            raise BuildRootError(f"the build root could not be unpacked to {root}: {result.stderr.strip()}")
    query = ["dpkg-query", "-W", "-f", "${Package} ${Version}\\n"]
    versions = dict(line.split() for line in chroot.run(root, query).splitlines())
    packages.write_lock(versions, out / "packages")


def check_host(keyring: Path = mirror.KEYRING) -> None:
    """Raises BuildRootError that names the packages this machine lacks for making a build root."""
    needed = {"mmdebstrap": bool(shutil.which("mmdebstrap")), "debian-archive-keyring": keyring.is_file()}
    if os.geteuid() != 0:
        needed["uidmap"] = bool(shutil.which("newuidmap"))
    missing = [package for package, present in needed.items() if not present]
    if missing:
        raise BuildRootError(f"to make the build root, install the packages: {' '.join(missing)}")


def _bootstrap(archive: Path, pins: Path, update: Callable[[int, int], None]) -> None:
    command = bootstrap_command(archive, pins, mirror.find())
    lines: list[str] = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            update(0, 0)
    if process.returncode:
        tail = "".join(lines[-20:])
        raise BuildRootError(
            f"mmdebstrap failed with status {process.returncode}; set {mirror.ENVIRONMENT} to a Debian mirror "
            f"if apt's own is not usable. It ended with:\n{tail}"
        )


def bootstrap_command(archive: Path, pins: Path, found: mirror.Mirror | None) -> list[str]:
    """The mmdebstrap command that writes the build root as a tar archive."""
    command = [
        "mmdebstrap",
        "--variant=essential",
        f"--mode={'root' if os.geteuid() == 0 else 'unshare'}",
        f"--architectures={ARCHITECTURE}",
        "--format=tar",
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT),
        *(f"--aptopt={setting}" for setting in _apt_settings()),
        f"--include={','.join(packages.PACKAGES)}",
        f"--setup-hook=copy-in {pins} /etc/apt/preferences.d/",
    ]
    keyring = found.keyring if found and found.keyring else mirror.KEYRING
    command.append(f"--keyring={keyring}")
    command += [packages.SUITE, str(archive)]
    if found:
        command.append(found.uri)
    return command


def _apt_settings() -> list[str]:
    """The host's proxy and certificate settings for apt, as options; empty on a host without apt."""
    if not shutil.which("apt-config"):
        return []
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    rows = (line.partition(" ") for line in dump.splitlines())
    return [f"{key} {value}" for key, _, value in rows if key in _APT_SETTINGS and value != '"";']
