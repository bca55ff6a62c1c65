"""How the steps hang together: what each depends on, what is copied, what the manifest says."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from hftos.compiling import table
from hftos.compiling.errors import CompilingError
from hftos.compiling.toolchain import Toolchain
from image import build as builder
from image import buildroot, cache, cli, compiled, disk, initramfs, kernel, microcode, profile, uki
from image.errors import BuildRootError, ImageError, ProfileError
from image.kernel import Kernel
from image.profile import Profile
from image.progress import Quiet, Reporter
from rootfs import cpio


class Recipe:
    """Stands for the tools of the build root: steps write what they were made from."""

    compiler = "1"

    def root(self, reporter: Reporter, *, locked: bool = False) -> buildroot.BuildRoot:
        return buildroot.BuildRoot(Path("/nowhere"), {kernel.PACKAGE: "6.12", "gcc-14": self.compiler})


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Recipe:
    made = Recipe()

    def merge(root: object, source: object, requests: dict[str, str], out: Path) -> dict[str, str]:
        (out / "config").write_text(json.dumps(requests))
        return {}

    def bzimage(root: object, source: object, config: Path, out: Path, update: object) -> None:
        (out / "vmlinuz").write_bytes(b"kernel " + config.read_bytes())
        (out / "config").write_bytes(config.read_bytes())
        (out / "objects").write_text("sizes")

    def packed(
        root: object,
        sources: Path,
        modules: dict[str, Path],
        drivers: object,
        release: str,
        out: Path,
        knobs: bytes | None,
    ) -> None:
        objects = b"".join(modules[name].read_bytes() for name in sorted(modules))
        (out / "initramfs.cpio.zst").write_bytes((sources / "hftapp/__main__.py").read_bytes() + objects)
        (out / "report.json").write_text('{"components": [], "left_out": {"site": "why"}}')

    def unified(
        root: object, work: Path, booted: Kernel, archive: Path, cmdline: str, release: str, microcode: bytes
    ) -> None:
        parts = (booted.image.read_bytes(), archive.read_bytes(), cmdline.encode(), microcode)
        (work / "hftos.efi").write_bytes(b"".join(parts))

    def repart(root: object, work: Path) -> None:
        with (work / "hftos.img").open("wb") as stream:
            stream.truncate(1 << 20)
            stream.seek(1 << 19)
            stream.write((work / "hftos.efi").read_bytes())

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(buildroot, "ensure", made.root)
    monkeypatch.setattr(kernel, "_source", lambda root, reporter, version: tmp_path)
    monkeypatch.setattr(kernel, "_merge", merge)
    monkeypatch.setattr(kernel, "_compile", bzimage)
    monkeypatch.setattr(initramfs, "_make", packed)
    monkeypatch.setattr(uki, "_make", unified)
    monkeypatch.setattr(disk, "_repart", repart)
    return made


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    for package in initramfs.PACKAGES:
        (folder / package).mkdir(parents=True)
        (folder / package / "__main__.py").write_text("print(1)\n")
    return folder


def steps(sources: Path, tmp_path: Path) -> list[str]:
    reporter = Quiet()
    builder.build("qemu", reporter, sources=sources, output=tmp_path / "out")
    return reporter.steps_run


class Translator(Toolchain):
    """Stands for Cython and gcc: an object is its source, and a source with `?` does not compile."""

    def translate(self, folder: Path, module: str) -> Path:
        return table.source(folder, module)

    def compile(self, translated: Path, target: Path, module: str) -> None:
        if b"?" in translated.read_bytes():
            raise CompilingError(f"{module} does not compile:\n?")
        target.write_bytes(b"object of " + translated.read_bytes())


@pytest.fixture
def hot(sources: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sources with two compiled modules, and one that is compiled against a library of the build root."""
    (sources / "pyproject.toml").write_text(
        '[tool.hftos]\ncompiled = ["hftapp.book", "protocols.itch", "exchange.engine"]\nimage_only = ["hftapp.dpdk"]\n'
    )
    for name in ("hftapp/book", "protocols/itch", "hftapp/dpdk"):
        (sources / f"{name}.py").write_text(f"# {name}\n")
        (sources / f"{name}.pxd").touch()
    monkeypatch.setattr(
        compiled, "tools", lambda root, library="": Translator(("cc",), Path("/"), ("1", library), compiled.KIND)
    )
    return sources


ALL = ["kernel configuration", "kernel", "initramfs", "unified kernel image", "disk image"]


def test_everything_is_made_once(recipe: Recipe, sources: Path, tmp_path: Path) -> None:
    assert steps(sources, tmp_path) == ALL
    assert steps(sources, tmp_path) == []


def test_a_changed_program_builds_no_kernel(recipe: Recipe, sources: Path, tmp_path: Path) -> None:
    steps(sources, tmp_path)
    (sources / "hftapp/__main__.py").write_text("print(2)\n")
    assert steps(sources, tmp_path) == ["initramfs", "unified kernel image", "disk image"]
    assert (tmp_path / "out/initramfs.cpio.zst").read_text() == "print(2)\n"


def test_going_back_builds_nothing(recipe: Recipe, sources: Path, tmp_path: Path) -> None:
    steps(sources, tmp_path)
    (sources / "hftapp/__main__.py").write_text("print(2)\n")
    steps(sources, tmp_path)
    (sources / "hftapp/__main__.py").write_text("print(1)\n")
    assert steps(sources, tmp_path) == []
    assert (tmp_path / "out/initramfs.cpio.zst").read_text() == "print(1)\n"


def test_a_changed_hot_module_is_compiled_alone_and_builds_no_kernel(recipe: Recipe, hot: Path, tmp_path: Path) -> None:
    made = ["kernel configuration", "kernel", "compiled modules", "compiled modules (libdpdk)"]
    assert steps(hot, tmp_path) == [*made, "initramfs", "unified kernel image", "disk image"]
    archive = (tmp_path / "out/initramfs.cpio.zst").read_text()
    assert archive == "print(1)\nobject of # hftapp/book\nobject of # hftapp/dpdk\nobject of # protocols/itch\n"
    objects = set((cache.root() / compiled.KIND).glob("*/*.so"))
    assert steps(hot, tmp_path) == []
    (hot / "hftapp/book.py").write_text("# changed\n")
    assert steps(hot, tmp_path) == ["compiled modules", "initramfs", "unified kernel image", "disk image"]
    (new,) = set((cache.root() / compiled.KIND).glob("*/*.so")) - objects
    assert new.name == "book.so"


def test_a_hot_module_that_does_not_compile_is_an_error_of_the_image(recipe: Recipe, hot: Path, tmp_path: Path) -> None:
    (hot / "protocols/itch.py").write_text("?")
    with pytest.raises(ImageError, match=r"protocols.itch does not compile:\n\?"):
        steps(hot, tmp_path)


def test_a_hot_module_without_declarations_is_an_error_of_the_image(recipe: Recipe, hot: Path, tmp_path: Path) -> None:
    (hot / "hftapp/dpdk.pxd").unlink()
    with pytest.raises(ImageError, match=r"image_only .* lists 'hftapp.dpdk': no hftapp/dpdk.pxd; write it"):
        steps(hot, tmp_path)


def test_other_drivers_make_another_initramfs_and_no_kernel(
    recipe: Recipe, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps(sources, tmp_path)
    load = profile.load
    monkeypatch.setattr(profile, "load", lambda name: replace(load(name), drivers=profile.drivers("colo")))
    assert steps(sources, tmp_path)[0] == "initramfs"


def test_another_dpdk_compiles_what_uses_it_and_no_kernel() -> None:
    def root(**versions: str) -> buildroot.BuildRoot:
        known = {"gcc-14": "1", "libpython3.13-dev": "1", "libdpdk-dev": "1", "zlib1g": "1"}
        return buildroot.BuildRoot(Path("/nowhere"), known | versions)

    plain, dpdk = compiled.tools(root()), compiled.tools(root(), "libdpdk")
    newer = {"libdpdk-dev": "2", "zlib1g": "2"}
    assert plain.identity == compiled.tools(root(**newer)).identity
    assert dpdk.identity != compiled.tools(root(**newer), "libdpdk").identity
    assert plain.identity != compiled.tools(root(**{"gcc-14": "2"})).identity
    assert plain.identity != compiled.tools(root(**{"libpython3.13-dev": "2"})).identity


def test_a_changed_reason_builds_no_kernel(
    recipe: Recipe, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps(sources, tmp_path)
    load = profile.load

    def reworded(name: str) -> Profile:
        chosen = load(name)
        symbols = tuple(profile.Symbol(s.name, s.value, "another reason", s.fragment) for s in reversed(chosen.symbols))
        return replace(chosen, symbols=symbols)

    monkeypatch.setattr(profile, "load", reworded)
    assert "kernel" not in steps(sources, tmp_path)


def test_a_changed_command_line_makes_a_new_image_only(
    recipe: Recipe, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps(sources, tmp_path)
    load = profile.load

    def longer(name: str) -> Profile:
        chosen = load(name)
        more = (*chosen.parameters, profile.Parameter("debug", "for a test"))
        return replace(chosen, parameters=more)

    monkeypatch.setattr(profile, "load", longer)
    assert steps(sources, tmp_path) == ["unified kernel image", "disk image"]
    assert " debug -- " in (tmp_path / "out/cmdline").read_text()


def test_another_compiler_makes_everything_anew(recipe: Recipe, sources: Path, tmp_path: Path) -> None:
    steps(sources, tmp_path)
    recipe.compiler = "2"
    assert steps(sources, tmp_path) == ALL


def test_other_knobs_make_another_initramfs_and_no_kernel(
    recipe: Recipe, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps(sources, tmp_path)
    load = profile.load
    monkeypatch.setattr(profile, "load", lambda name: replace(load(name), knobs=b'{"knobs": []}'))
    assert steps(sources, tmp_path)[0] == "initramfs"


def test_microcode_goes_before_the_initramfs_and_into_the_program(
    recipe: Recipe, sources: Path, tmp_path: Path
) -> None:
    early = cpio.write([cpio.file(microcode.AMD, b"DMA\0")])
    plain = builder.build("qemu", Quiet(), sources=sources, output=tmp_path / "out")
    before = plain.initramfs.read_bytes()
    assert "microcode" not in {part["kind"] for part in plain.read_manifest()["components"]}
    reporter = Quiet()
    built = builder.build("qemu", reporter, sources=sources, output=tmp_path / "out", early=early)
    assert reporter.steps_run == ["unified kernel image", "disk image"]
    assert built.initramfs.read_bytes() == early + before
    assert built.uki.read_bytes().endswith(early)
    (part,) = (part for part in built.read_manifest()["components"] if part["kind"] == "microcode")
    assert (part["version"], part["bytes"]) == ("AuthenticAMD", len(early))
    builder.build("qemu", Quiet(), sources=sources, output=tmp_path / "out")
    assert built.initramfs.read_bytes() == before


def test_each_profile_has_a_folder_of_its_own() -> None:
    assert builder.output_of("qemu") == builder.OUTPUT
    assert builder.output_of("colo") == builder.OUTPUT / "colo"
    for name in ("moon", "", "../qemu"):
        with pytest.raises(ProfileError, match=f"no profile '{name}'; there are: colo, lab, qemu"):
            builder.output_of(name)


def test_a_kernel_of_an_older_version_leaves_no_sizes_of_another(recipe: Recipe, sources: Path, tmp_path: Path) -> None:
    built = builder.build("qemu", Quiet(), sources=sources, output=tmp_path / "out")
    assert built.objects.read_text() == "sizes"
    for objects in (cache.root() / "kernel").glob("*/objects"):
        objects.unlink()
    assert not builder.build("qemu", Quiet(), sources=sources, output=tmp_path / "out").objects.exists()


def test_an_output_that_was_written_to_is_restored(recipe: Recipe, sources: Path, tmp_path: Path) -> None:
    steps(sources, tmp_path)
    image = tmp_path / "out/hftos.img"
    good = image.read_bytes()
    with image.open("r+b") as stream:
        stream.write(b"a guest wrote here")
    (tmp_path / "out/vmlinuz").unlink()
    assert steps(sources, tmp_path) == []
    assert image.read_bytes() == good
    assert (tmp_path / "out/vmlinuz").is_file()


@pytest.mark.parametrize("content", ["", '{"vmlinuz": ["/so', "[]", "null"])
def test_a_damaged_note_of_what_was_copied_costs_a_copy_and_no_build(
    recipe: Recipe, sources: Path, tmp_path: Path, content: str
) -> None:
    steps(sources, tmp_path)
    stamp = tmp_path / "out/.outputs.json"
    noted = stamp.read_text()
    stamp.write_text(content)
    assert steps(sources, tmp_path) == []
    assert set(json.loads(stamp.read_text())) == set(json.loads(noted))
    assert not list(stamp.parent.glob(".*.new"))


def test_holes_stay_holes(tmp_path: Path) -> None:
    for name, spans in {"empty": [], "middle": [(1 << 20, b"x" * 5000)], "end": [((4 << 20) - 3, b"end")]}.items():
        source, target = tmp_path / name, tmp_path / f"{name}.copy"
        with source.open("wb") as stream:
            stream.truncate(4 << 20)
            for at, data in spans:
                stream.seek(at)
                stream.write(data)
        builder._copy_sparse(source, target)
        assert target.read_bytes() == source.read_bytes()
        assert target.stat().st_blocks * 512 <= 64 << 10


def test_the_manifest_names_every_part(recipe: Recipe, sources: Path, tmp_path: Path) -> None:
    built = builder.build("qemu", Quiet(), sources=sources, output=tmp_path / "out")
    manifest = built.read_manifest()
    assert manifest["components"][0]["name"] == "linux"
    assert manifest["components"][0]["version"] == "linux-source-6.12 6.12"
    assert manifest["outputs"]["vmlinuz"]["sha256"] == cache.hash_file(built.kernel)
    assert manifest["outputs"]["hftos.img"]["sha256"] == cache.hash_file(built.disk)
    assert manifest["outputs"]["hftos.img"]["bytes"] == 1 << 20
    assert manifest["left_out"] == {"site": "why"}
    assert manifest["build_root"]["packages"]["gcc-14"] == "1"


def test_the_command_prints_json(
    recipe: Recipe, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = builder.build
    monkeypatch.setattr(
        builder,
        "build",
        lambda name, reporter, **options: build(name, reporter, sources=sources, output=tmp_path / "out", **options),
    )
    result = CliRunner().invoke(cli.image, ["build", "--json"])
    assert result.exit_code == 0
    printed = json.loads(result.stdout)
    assert printed["steps_run"] == ALL
    assert set(printed["outputs"]) >= {"vmlinuz", "initramfs.cpio.zst", "hftos.efi", "hftos.img", "cmdline"}


def test_the_command_reports_errors_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise BuildRootError("to make the build root, install the packages: mmdebstrap")

    monkeypatch.setattr(buildroot, "ensure", fail)
    result = CliRunner().invoke(cli.image, ["build"])
    assert result.exit_code == 1
    assert result.stderr == "Error: to make the build root, install the packages: mmdebstrap\n"


def test_microcode_that_is_none_is_an_error_before_anything_is_built(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.image, ["build", "--microcode", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: there is no {tmp_path}/none; give intel-ucode or amd-ucode files")


def test_an_unknown_profile_is_an_error() -> None:
    result = CliRunner().invoke(cli.image, ["build", "--profile", "moon"])
    assert result.exit_code == 1
    assert "no profile 'moon'; there are: colo, lab, qemu" in result.stderr


def test_show_before_the_first_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(builder, "OUTPUT", tmp_path)
    result = CliRunner().invoke(cli.image, ["show"])
    assert result.exit_code == 1
    assert "run `hftos image build` first" in result.stderr


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"version": 1, "profile": "p", "components": 3}', b"\xff", "[" * 20_000]
)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_show_of_a_damaged_manifest_names_it_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | bytes, options: list[str]
) -> None:
    monkeypatch.setattr(builder, "OUTPUT", tmp_path)
    (tmp_path / "manifest.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    result = CliRunner().invoke(cli.image, ["show", *options])
    assert result.exit_code == 1
    assert "manifest.json is damaged" in result.stderr
    assert "hftos image build" in result.stderr


def test_show_and_why_are_tables(
    recipe: Recipe, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder.build("qemu", Quiet(), sources=sources, output=tmp_path)
    monkeypatch.setattr(builder, "OUTPUT", tmp_path)
    assert "linux" in CliRunner().invoke(cli.image, ["show"]).stdout
    assert json.loads(CliRunner().invoke(cli.image, ["show", "--json"]).stdout)["profile"] == "qemu"
    assert "NO_HZ_FULL" in CliRunner().invoke(cli.image, ["why"]).stdout
