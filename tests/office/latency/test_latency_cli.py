"""`hftos latency`: every command on a run, an .hlog and JSON; what is wrong is named in one line."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from office.latency import codec, document
from office.latency.cli import latency
from office.latency.histogram import Histogram
from tests.office.latency.run_maker import make_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs; the program of the second takes half as long again."""
    folder = tmp_path_factory.mktemp("runs")
    make_run(folder / "a", 150, seed=1)
    make_run(folder / "b", 150, seed=2, speed=1.5)
    return folder / "a", folder / "b"


def called(*arguments: object) -> str:
    done = CliRunner().invoke(latency, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def refused(*arguments: object) -> str:
    done = CliRunner().invoke(latency, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code != 0
    lines = [line for line in done.output.splitlines() if line.startswith("Error:")]
    assert len(lines) == 1
    return lines[0]


def test_show_prints_every_hop_and_what_it_is_worth(runs: tuple[Path, Path]) -> None:
    text = called("show", runs[0])
    for word in ("wire_to_wire", "p99.9", "doorbell", "order_to_fill", "not quotable (tcg: no KVM here)", "checked:"):
        assert word in text


def test_show_json_has_the_same_in_nanoseconds(runs: tuple[Path, Path]) -> None:
    found: dict[str, Any] = json.loads(called("show", runs[0], "--json"))
    hop = found["hops"]["wire_to_wire"]
    assert found["quotable"] is False
    assert found["unit"] == "ns"
    assert 0 < hop["min"] <= hop["p50"] <= hop["p90"] <= hop["p99"] <= hop["max"]
    assert hop["p999"] is None  # 150 orders say nothing about one in a thousand


def test_an_export_reads_back_as_the_run(runs: tuple[Path, Path], tmp_path: Path) -> None:
    written = json.loads(called("export", runs[0], "--out", tmp_path, "--json"))["written"]
    assert [Path(path).name for path in written] == ["latency.hlog", "latency.json", "orders.parquet"]
    whole = json.loads(called("show", runs[0], "--json"))
    for name in ("latency.hlog", "latency.json"):
        back = json.loads(called("show", tmp_path / name, "--json"))
        assert (back["quotable"], back["reason"]) == (False, "tcg: no KVM here")
        assert back["hops"].keys() == whole["hops"].keys()
        for hop, figures in whole["hops"].items():
            assert back["hops"][hop]["count"] == figures["count"]
            assert back["hops"][hop]["p50"] == pytest.approx(figures["p50"], rel=2e-3)
    table = pl.read_parquet(tmp_path / "orders.parquet")
    assert len(table) == 150
    assert table["wire_to_wire"].drop_nulls().len() == whole["hops"]["wire_to_wire"]["count"]


def test_hdr_histograms_own_tools_read_the_exported_log(runs: tuple[Path, Path], tmp_path: Path) -> None:
    called("export", runs[0], "--out", tmp_path, "--format", "hlog", "--interval", "0.1")
    reader = HistogramLogReader(str(tmp_path / "latency.hlog"), HdrHistogram(1, 86_400_000_000_000, 3))
    counts: dict[str, int] = {}
    while (histogram := reader.get_next_interval_histogram()) is not None:
        counts[histogram.get_tag()] = counts.get(histogram.get_tag(), 0) + histogram.get_total_count()
    reader.close()
    whole = json.loads(called("show", runs[0], "--json"))["hops"]
    assert counts == {name: figures["count"] for name, figures in whole.items()}


def test_plot_writes_one_page(runs: tuple[Path, Path], tmp_path: Path) -> None:
    assert called("plot", runs[0], "--out", tmp_path).strip() == str(tmp_path / "latency.html")
    assert (tmp_path / "latency.html").read_text().startswith("<!doctype html>")


def test_compare_finds_the_slower_program_and_nothing_else(runs: tuple[Path, Path]) -> None:
    found = json.loads(called("compare", *runs, "--json"))["hops"]
    slower = {name for name, row in found.items() if row["verdict"] == "slower"}
    assert {"tick_to_trade", "doorbell", "decision", "book_updated", "frame_parsed", "risk_passed"} <= slower
    assert found["order_to_ack"]["verdict"] == "no difference shown"
    low, high = found["tick_to_trade"]["change_interval_percent"]
    assert low < 50 < high
    text = called("compare", *runs)
    assert "slower" in text
    assert "95 % confidence" in text
    assert "about these two runs" in text


def test_show_corrects_for_coordinated_omission(tmp_path: Path) -> None:
    path = tmp_path / "closed.json"
    made = Histogram()
    made.record(1_000_000, 10_000)
    made.record(100_000_000_000)
    path.write_text(json.dumps({"histograms": {"request": codec.encode_text(made)}}))
    found = json.loads(called("show", path, "--expected-interval", 10_000_000, "--json"))
    assert found["hops"]["request"]["count"] == pytest.approx(20_000, rel=1e-3)
    assert found["notes"] == ["corrected for coordinated omission: a value was due every 10,000,000 ns"]


def test_compare_takes_every_kind_of_source(runs: tuple[Path, Path], tmp_path: Path) -> None:
    called("export", runs[1], "--out", tmp_path)
    histogram = codec.encode_text(Histogram.of([1_000] * 50))
    bench = tmp_path / "path.json"
    machine = {"cpu": "some processor", "virtual": True}
    bench.write_text(json.dumps({"machine": machine, "results": {"histograms": {"tick_to_trade": histogram}}}))
    for other in (tmp_path / "latency.hlog", tmp_path / "latency.json"):
        found = json.loads(called("compare", runs[0], other, "--json"))
        assert found["hops"]["tick_to_trade"]["verdict"] == "slower"
    found = json.loads(called("compare", runs[0], bench, "--json"))
    reason = "measured on some processor, a virtual machine"
    assert found["b"] == [{"source": str(bench), "quotable": False, "reason": reason}]
    assert list(found["hops"]) == ["tick_to_trade"]
    assert "wire_to_wire" in found["only_a"]


def test_compare_takes_several_runs_a_side(runs: tuple[Path, Path], tmp_path: Path) -> None:
    for number in range(3):
        make_run(tmp_path / f"a{number}", 60, seed=10 + number)
        make_run(tmp_path / f"b{number}", 60, seed=20 + number, speed=1.5)
    more = [word for side in "ab" for n in (1, 2) for word in (f"--more-{side}", tmp_path / f"{side}{n}")]
    found = json.loads(called("compare", tmp_path / "a0", tmp_path / "b0", *more, "--json"))
    assert found["between_runs"] is True
    assert [len(found[side]) for side in "ab"] == [3, 3]
    assert found["hops"]["tick_to_trade"]["verdict"] == "slower"
    assert found["hops"]["order_to_ack"]["verdict"] == "no difference shown"
    assert "about these two runs" not in called("compare", tmp_path / "a0", tmp_path / "b0", *more)
    assert "give one of each, or two or more of each" in refused("compare", *runs, "--more-a", runs[0])


def test_compare_with_itself_shows_no_difference(runs: tuple[Path, Path]) -> None:
    found = json.loads(called("compare", runs[0], runs[0], "--percentile", "90", "--json"))
    assert {row["verdict"] for row in found["hops"].values()} <= {"no difference shown", "too few values"}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("hello", "is no histogram log: line 1"),
        ("#[only a comment]", "has no intervals"),
        ("{", "is no JSON"),
        ("[]", "has no histograms"),
        ('{"histograms": {}}', "has no histograms"),
        ('{"histograms": {"a": 5}}', "histogram 'a': "),
        ('{"histograms": {"a": "HISTFAAA"}}', "histogram 'a': "),
        ("[" * 100_000, "is no JSON"),
        (b"\xff\xfe\x00", "is no text"),
    ],
)
def test_a_file_that_is_no_source_is_named(tmp_path: Path, content: str | bytes, text: str) -> None:
    path = tmp_path / "source"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    line = refused("show", path)
    assert str(path) in line
    assert text in line


def test_a_path_that_does_not_exist_is_named_with_what_to_give(tmp_path: Path) -> None:
    line = refused("show", tmp_path / "nothing")
    assert "does not exist: give a run's folder, an .hlog, or JSON" in line
    assert "is no folder of a run" in refused("plot", tmp_path)


def test_sources_without_a_common_hop_are_named(tmp_path: Path) -> None:
    for name in "ab":
        text = codec.encode_text(Histogram.of([5]))
        (tmp_path / name).write_text(json.dumps({"histograms": {name: text}}))
    assert "have no hop in common" in refused("compare", tmp_path / "a", tmp_path / "b")


def test_what_a_source_cannot_become_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"histograms": {"a": codec.encode_text(Histogram.of([5]))}}))
    assert "cannot become an .hlog" in refused("export", path, "--out", tmp_path, "--format", "hlog")
    assert "no orders to write as Parquet" in refused("export", path, "--out", tmp_path, "--format", "parquet")


def test_a_log_of_an_untagged_stream_is_one_hop(tmp_path: Path) -> None:
    path = tmp_path / "plain.hlog"
    path.write_text(f"1.0,1.0,0.1,{codec.encode_text(Histogram.of([5, 6]))}\n")
    assert list(json.loads(called("show", path, "--json"))["hops"]) == ["all"]


@pytest.mark.parametrize(
    ("writer", "name"),
    [("write_log", "latency.hlog"), ("full_record", "latency.json"), ("write_orders", "orders.parquet")],
)
def test_what_cannot_be_written_leaves_what_was_there(
    runs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str, name: str
) -> None:
    called("export", runs[0], "--out", tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*arguments: Any) -> None:
        if isinstance(arguments[-1], Path):
            arguments[-1].write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(document, writer, full)
    with pytest.raises(OSError, match="No space left"):
        called("export", runs[1], "--out", tmp_path, "--format", name.partition(".")[2])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("command", "option"), [("compare", "--percentile"), ("compare", "--confidence"), ("export", "--interval")]
)
@pytest.mark.parametrize("value", ["nan", "inf", "-1"])
def test_a_number_that_is_none_is_refused(runs: tuple[Path, Path], command: str, option: str, value: str) -> None:
    more = runs[1:] if command == "compare" else ()
    assert f"{option}': {float(value)} is not in the range" in refused(command, runs[0], *more, option, value)


@pytest.mark.parametrize("command", ["show", "export", "plot", "compare"])
def test_every_command_has_help(command: str) -> None:
    assert "--json" in called(command, "--help")
