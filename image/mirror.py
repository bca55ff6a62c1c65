"""Finds the Debian mirror this machine already uses, in apt's own configuration.

Both formats are read: deb822 `.sources` and one-line `.list` (sources.list(5)). The build root is Debian whatever the
host is; on a host without a Debian mirror none is passed on and mmdebstrap uses its built-in default.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = "HFTOS_DEBIAN_MIRROR"
APT = Path("/etc/apt")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

DEBIAN_SUITES = frozenset(
    (
        *("oldoldstable", "oldstable", "stable", "testing", "unstable", "sid"),
        *("buster", "bullseye", "bookworm", "trixie", "forky", "duke"),
    )
)
_ONE_LINE = re.compile(r"^\s*deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s*(?P<components>.*)$")
_MIRROR_LIST = re.compile(r"^mirror\+file:(?://)?(?P<path>/.*)$")


@dataclass(frozen=True, slots=True)
class Source:
    """One `deb` archive of apt's configuration: one address with one suite."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Mirror:
    """A Debian mirror; `keyring` is the file that verifies it, None where there is only Debian's own."""

    uri: str
    keyring: Path | None


def find(environment: Mapping[str, str] | None = None, apt: Path = APT, keyring: Path = KEYRING) -> Mirror | None:
    """The mirror to make a Debian build root from, or None when mmdebstrap should use its default.

    HFTOS_DEBIAN_MIRROR in `environment` wins over apt's configuration.
    """
    environment = os.environ if environment is None else environment
    default_keyring = keyring if keyring.is_file() else None
    if override := environment.get(ENVIRONMENT, "").strip():
        return Mirror(override, default_keyring)
    for source in sources(apt):
        if _is_debian(source):
            return Mirror(_resolve(source.uri), default_keyring or _keyring(source.signed_by))
    return None


def sources(apt: Path = APT) -> Iterator[Source]:
    """Every enabled binary archive in apt's configuration, in apt's order."""
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    for path in files:
        if path.suffix == ".sources" and path.is_file():
            yield from parse_deb822(path.read_text(encoding="utf-8"))
        elif path.suffix == ".list" and path.is_file():
            yield from parse_one_line(path.read_text(encoding="utf-8"))


def parse_one_line(text: str) -> Iterator[Source]:
    """The archives of a `.list` file: `deb [option=value …] address suite component …`."""
    for line in text.splitlines():
        match = _ONE_LINE.match(line.partition("#")[0])
        if match:
            options = dict(o.split("=", 1) for o in (match["options"] or "").split() if "=" in o)
            yield Source(match["uri"], match["suite"], tuple(match["components"].split()), options.get("signed-by"))


def parse_deb822(text: str) -> Iterator[Source]:
    """The archives of a `.sources` file, each address with each suite; disabled stanzas are left out."""
    for stanza in _stanzas(text):
        if "deb" not in stanza.get("types", "").split() or stanza.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        for uri in stanza.get("uris", "").split():
            for suite in stanza.get("suites", "").split():
                yield Source(uri, suite, tuple(stanza.get("components", "").split()), stanza.get("signed-by"))


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    stanza: dict[str, str] = {}
    key = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if stanza:
                yield stanza
            stanza, key = {}, ""
        elif line[0].isspace():
            if key:
                stanza[key] += "\n" + line.strip()
        else:
            name, _, value = line.partition(":")
            key = name.strip().lower()
            stanza[key] = value.strip()


def _is_debian(source: Source) -> bool:
    """Whether this archive carries Debian's own suites: not security (no full suite), not a third party's."""
    release = source.suite.removesuffix("-updates").removesuffix("-backports")
    security = "security" in source.uri.rsplit("/", 2)[-1] or source.uri.rstrip("/").endswith("-security")
    return release in DEBIAN_SUITES and "main" in source.components and not security


def _resolve(uri: str) -> str:
    """Debian's cloud images name a file that lists mirrors; apt in the build root could not read it."""
    match = _MIRROR_LIST.match(uri)
    if not match:
        return uri
    lines = Path(match["path"]).read_text(encoding="utf-8").splitlines()
    addresses = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
    return addresses[0] if addresses else uri


def _keyring(signed_by: str | None) -> Path | None:
    """The key file of a source; an embedded key has no file."""
    if signed_by and signed_by.startswith("/") and Path(signed_by).is_file():
        return Path(signed_by)
    return None
