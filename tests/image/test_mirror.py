"""The mirror comes from apt's own configuration, in every form a host may have it."""

from pathlib import Path

import pytest

from image import mirror
from image.mirror import Mirror, Source


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    folder = tmp_path / "apt"
    (folder / "sources.list.d").mkdir(parents=True)
    return folder


@pytest.fixture
def keyring(tmp_path: Path) -> Path:
    path = tmp_path / "debian-archive-keyring.gpg"
    path.write_bytes(b"key")
    return path


DEB822 = """\
# made by the installer
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


def test_deb822_gives_each_address_with_each_suite() -> None:
    text = "Types: deb\nURIs: http://a.example/debian\n http://b.example/debian\nSuites: trixie sid\nComponents: main\n"
    assert [(s.uri, s.suite) for s in mirror.parse_deb822(text)] == [
        ("http://a.example/debian", "trixie"),
        ("http://a.example/debian", "sid"),
        ("http://b.example/debian", "trixie"),
        ("http://b.example/debian", "sid"),
    ]


def test_deb822_leaves_out_sources_and_disabled_stanzas() -> None:
    text = "Types: deb-src\nURIs: http://a\nSuites: sid\nComponents: main\n"
    assert not list(mirror.parse_deb822(text))
    text = "Enabled: no\nTypes: deb\nURIs: http://a\nSuites: sid\nComponents: main\n"
    assert not list(mirror.parse_deb822(text))


def test_deb822_with_an_embedded_key() -> None:
    text = (
        "Types: deb\nURIs: http://a\nSuites: sid\nComponents: main\nSigned-By:\n"
        " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY\n -----END PGP PUBLIC KEY BLOCK-----\n"
    )
    (source,) = mirror.parse_deb822(text)
    assert source.signed_by is not None
    assert source.signed_by.strip().startswith("-----BEGIN PGP")


def test_one_line_with_options_and_comments() -> None:
    text = """
# deb http://commented.example/debian sid main
deb [arch=amd64 signed-by=/keys/a.gpg] http://a.example/debian trixie main contrib # comment
deb-src http://a.example/debian trixie main
deb http://b.example/debian/ sid main
"""
    assert list(mirror.parse_one_line(text)) == [
        Source("http://a.example/debian", "trixie", ("main", "contrib"), "/keys/a.gpg"),
        Source("http://b.example/debian/", "sid", ("main",), None),
    ]


def test_a_debian_host_with_deb822(apt: Path, keyring: Path) -> None:
    (apt / "sources.list.d/debian.sources").write_text(DEB822)
    assert mirror.find({}, apt, keyring) == Mirror("http://mirror.example/debian", keyring)


def test_a_debian_host_with_one_line_and_security_first(apt: Path, keyring: Path) -> None:
    (apt / "sources.list").write_text(
        "deb http://s.example/debian-security bookworm-security main\ndeb http://a.example/debian bookworm main\n"
    )
    assert mirror.find({}, apt, keyring) == Mirror("http://a.example/debian", keyring)


def test_third_parties_are_no_mirror(apt: Path, keyring: Path) -> None:
    (apt / "sources.list.d/node.sources").write_text(
        "Types: deb\nURIs: https://x.example/node\nSuites: nodistro\nComponents: main\n"
    )
    (apt / "sources.list.d/tool.list").write_text("deb https://y.example/apt stable stable\n")
    assert mirror.find({}, apt, keyring) is None


def test_an_ubuntu_host_leaves_the_choice_to_mmdebstrap(apt: Path, keyring: Path) -> None:
    (apt / "sources.list.d/ubuntu.sources").write_text(
        "Types: deb\nURIs: http://u.example/ubuntu/\nSuites: noble noble-updates noble-backports\n"
        "Components: main universe restricted multiverse\nSigned-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg\n"
    )
    assert mirror.find({}, apt, keyring) is None


def test_the_environment_wins(apt: Path, keyring: Path) -> None:
    (apt / "sources.list.d/debian.sources").write_text(DEB822)
    found = mirror.find({mirror.ENVIRONMENT: "http://mine.example/debian"}, apt, keyring)
    assert found == Mirror("http://mine.example/debian", keyring)


def test_a_list_of_mirrors_is_resolved(apt: Path, keyring: Path, tmp_path: Path) -> None:
    mirrors = tmp_path / "mirrors.list"
    mirrors.write_text("# nearest first\nhttp://near.example/debian\tpriority:1\nhttp://far.example/debian\n")
    (apt / "sources.list").write_text(f"deb mirror+file:{mirrors} trixie main\n")
    assert mirror.find({}, apt, keyring) == Mirror("http://near.example/debian", keyring)


def test_the_sources_own_key_where_debians_is_missing(apt: Path, tmp_path: Path) -> None:
    key = tmp_path / "own.gpg"
    key.write_bytes(b"key")
    (apt / "sources.list").write_text(f"deb [signed-by={key}] http://a.example/debian trixie main\n")
    assert mirror.find({}, apt, tmp_path / "missing.gpg") == Mirror("http://a.example/debian", key)


def test_no_apt_at_all(tmp_path: Path) -> None:
    assert mirror.find({}, tmp_path / "nothing", tmp_path / "missing.gpg") is None
