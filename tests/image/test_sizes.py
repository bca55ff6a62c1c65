"""Every byte of an image has a place in the report: by section, by folder of the kernel, by what is in userspace."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import sync_playwright

from image import build as builder
from image import cli, sizes, uki
from image.errors import ImageError
from image.size_page import page
from image.sizes import Part, tree
from rootfs import initramfs
from tests.image import image_maker

NAMES = st.text("abc", min_size=1, max_size=2)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(builder, "OUTPUT", tmp_path)
    image_maker.write(tmp_path)
    return tmp_path


def flat(part: Part) -> dict[str, int]:
    return {path: below.bytes for path, below in part.walk()}


def test_the_sections_of_the_program_are_counted_as_stored(image: Path) -> None:
    found = flat(sizes.measure(image).uki)
    assert found[".linux"] == 3000
    assert found[".initrd"] == (image / "initramfs.cpio.zst").stat().st_size
    assert found[".cmdline"] == 5


def test_the_kernels_objects_are_counted_by_folder_without_what_is_only_cleared_memory(image: Path) -> None:
    kernel = sizes.measure(image).kernel
    assert kernel.bytes == 4500 + 1000 + 250 + 70
    assert flat(kernel) == {
        "net": 5750,
        "net/ipv4": 5500,
        "net/ipv4/tcp.o": 4500,
        "net/ipv4/udp.o": 1000,
        "net/core/dev.o": 250,
        "init/main.o": 70,
    }


def test_every_file_of_userspace_is_in_the_report_once(image: Path) -> None:
    userspace = sizes.measure(image).userspace
    assert userspace.bytes == sum(image_maker.FILES.values())
    assert sorted(part.bytes for _, part in userspace.walk() if not part.parts) == sorted(image_maker.FILES.values())


def test_userspace_is_told_apart_by_what_it_is(image: Path) -> None:
    leaves = {path for path, part in sizes.measure(image).userspace.walk() if not part.parts}
    assert leaves == {
        "interpreter/python (init)",
        "library/libc.so.6",
        "DPDK driver/librte_net_virtio.so.25.0",
        "standard library/os.pyc",
        "standard library/encodings/utf_8.pyc",
        "standard library, compiled/fcntl.so",
        "hftapp/pid1.pyc",
        "hftapp, compiled/nic/dpdk.so",
        "configuration/hftos.toml",
    }


def test_a_kernel_of_an_older_version_is_one_part(image: Path) -> None:
    (image / "kernel.objects").unlink()
    assert flat(sizes.measure(image).kernel) == {"as stored": 3000}


@given(st.dictionaries(PATHS, st.integers(1, 10**6), min_size=1, max_size=20))
def test_a_tree_loses_nothing_and_has_the_largest_first(files: dict[str, int]) -> None:
    files = {f"{path}.o": size for path, size in files.items()}
    whole = tree("all", files)
    assert {path: part.bytes for path, part in whole.walk() if not part.parts} == files
    for _, part in [("", whole), *whole.walk()]:
        assert [below.bytes for below in part.parts] == sorted((below.bytes for below in part.parts), reverse=True)
        assert not part.parts or part.bytes == sum(below.bytes for below in part.parts)


@pytest.mark.parametrize("name", ["hftos.efi", "manifest.json"])
def test_before_the_first_build_the_remedy_is_named(image: Path, name: str) -> None:
    (image / name).unlink()
    with pytest.raises(ImageError, match=f"there is no .*{name}: run `hftos image build`"):
        sizes.measure(image)


@pytest.mark.parametrize(("options", "command"), [([], "build"), (["--profile", "colo"], "build --profile colo")])
def test_the_remedy_is_for_the_profile_that_was_asked_for(image: Path, options: list[str], command: str) -> None:
    place = image / "colo" if options else image
    image_maker.write(place)
    manifest = place / "manifest.json"
    for spoil in (manifest.unlink, lambda: manifest.write_text("{")):
        spoil()
        for name in ("size", "show"):
            result = CliRunner().invoke(cli.image, [name, *options])
            assert f"run `hftos image {command}`" in result.stderr


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("hftos.efi", b"MZ"),
        ("hftos.efi", b"not a program at all".ljust(200)),
        ("hftos.efi", image_maker.program({".linux": b"x"})),
        ("hftos.efi", image_maker.program({".initrd": b"no archive"})),
        ("hftos.efi", image_maker.program({".initrd": initramfs.compress(b"no archive")})),
        ("manifest.json", b"[]"),
        ("manifest.json", b"{"),
        ("manifest.json", b"\xff"),
    ],
)
def test_a_damaged_file_is_named_with_the_remedy(image: Path, name: str, data: bytes) -> None:
    (image / name).write_bytes(data)
    result = CliRunner().invoke(cli.image, ["size"])
    assert result.exit_code == 1
    assert re.search(f"{name} .*run `hftos image build`", result.stderr.replace("\n", " "))


@given(st.binary(max_size=600))
def test_no_program_makes_the_reader_fail_otherwise(data: bytes) -> None:
    class File:
        def read_bytes(self) -> bytes:
            return data

    try:
        found = uki.sections(File())  # type: ignore[arg-type]
    except ImageError:
        return
    assert all(isinstance(size, int) for size in found.values())


def test_the_command_prints_tables_and_json(image: Path) -> None:
    result = CliRunner().invoke(cli.image, ["size", "--least", "0"])
    assert result.exit_code == 0, result.output
    assert ".linux" in result.stdout
    assert "ipv4" in result.stdout
    assert "libc.so.6" in result.stdout
    printed = json.loads(CliRunner().invoke(cli.image, ["size", "--json"]).stdout)
    assert printed["profile"] == "qemu"
    assert printed["kernel"]["parts"][0]["name"] == "net"
    assert printed["userspace"]["bytes"] == sum(image_maker.FILES.values())


def test_an_unknown_profile_is_named_with_those_there_are() -> None:
    result = CliRunner().invoke(cli.image, ["size", "--profile", "moon"])
    assert result.exit_code == 1
    assert "no profile 'moon'; there are: colo, lab, qemu" in result.stderr


class Page(HTMLParser):
    """What a browser would make of the page: open elements, tooltips, addresses it would ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tips: list[str] = []
        self.asked: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "action", "srcset") and value:
                self.asked.append(value)
            if name == "title" and value:
                self.tips.append(value)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_asks_for_nothing(image: Path, tmp_path: Path) -> None:
    target = tmp_path / "sizes.html"
    result = CliRunner().invoke(cli.image, ["size", "--html", str(target)])
    assert result.exit_code == 0, result.output
    text = target.read_text(encoding="utf-8")
    read = Page(text)
    assert read.open == []
    assert read.asked == []
    assert "url(" not in text
    assert "@import" not in text
    assert "<script" not in text


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_the_page_fits_the_screen_and_can_be_read_in_either_theme(image: Path, width: int, scheme: str) -> None:
    target = image / "sizes.html"
    target.write_text(page(sizes.measure(image)), encoding="utf-8")
    asked: list[str] = []
    with sync_playwright() as playwright:
        found = shutil.which("chromium-headless-shell")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(target.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        shown = tab.evaluate(
            "[...document.querySelectorAll('body, .map div')].map(e => [getComputedStyle(e).color, "
            "getComputedStyle(e).backgroundColor])"
        )
        browser.close()
    assert asked == [target.as_uri()]
    assert min(contrast(ink, paper) for ink, paper in shown) >= 7


def contrast(ink: str, paper: str) -> float:
    """The contrast of two colours as a browser states them (WCAG 2.2, "contrast ratio")."""
    light = []
    for colour in (ink, paper):
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        light.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(light) + 0.05) / (min(light) + 0.05)


def test_the_map_shows_what_is_large_with_its_share(image: Path) -> None:
    found = sizes.measure(image)
    tips = Page(page(found)).tips
    share = 7000 / (found.kernel.bytes + found.userspace.bytes)
    assert f"userspace/interpreter/python (init): 7.0 kB, {share:.1%}" in tips


def test_names_cannot_break_the_page(tmp_path: Path) -> None:
    files = {"etc/<script>alert(1)</script>": 5000, "init": 100}
    image_maker.write(tmp_path, files)
    text = page(sizes.measure(tmp_path))
    assert "<script" not in text
    assert Page(text).open == []
