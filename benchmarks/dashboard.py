"""The office's page in a real browser: first paint, size, frames a second under load, and what a stalled client costs.

A server's management stream comes from `benchmarks.dashboard_office` over the collector's unix socket, the page is
served by `hftos office serve`, and Chromium without a window looks at it. Leaves screenshots in build/screenshots.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table

from office.commands import CONTROL_FILE
from office.dashboard import build
from office.dashboard.assets import Assets
from office.dashboard.client import STALL_NS
from office.dashboard.users import Users

RATE: Final = 100_000
PASSWORD: Final = "only for this measurement"
SCREENSHOTS: Final = Path(__file__).resolve().parent.parent / "build/screenshots"
LOOKS: Final = (
    ("dark", "dark", 1600, 950),
    ("light", "light", 1600, 950),
    ("phone", "dark", 390, 844),
)
_STALLED: Final = 7
_FOOT: Final = re.compile(r"([\d.]+) frames/s · (\S+) rows/s drawn · (\S+)/s from the office")
_UNITS: Final = {"K": 1e3, "M": 1e6}
_PAINT: Final = """() => new Promise(done => {
  const found = () => performance.getEntriesByName("first-contentful-paint")[0];
  const look = () => found() ? done(found().startTime) : requestAnimationFrame(look);
  look();
})"""
_SHOWN: Final = """() => new Promise(done => {
  const look = () => document.querySelector("#watch tbody tr:not([hidden])") ? done(performance.now())
                                                                            : requestAnimationFrame(look);
  look();
})"""


class DashboardError(click.ClickException):
    """The measurement cannot be made; the text says what is missing."""


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Everything at `RATE` frames a second from the office; ``quick``: fewer loads, fewer seconds."""
    from playwright.sync_api import sync_playwright

    browser_path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if browser_path is None:
        raise DashboardError("there is no Chromium: install the package chromium-headless-shell (scripts/packages.txt)")
    build.build()
    loads, seconds = (2, 4) if quick else (7, 15)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hftos-bench-")))
        Users(folder / "users.toml").add("bench", "risk", PASSWORD)
        stack.enter_context(_office(folder, RATE))
        url, pid = stack.enter_context(_page(folder))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        stack.callback(browser.close)
        progress(f"first paint, {loads} loads with an empty cache")
        results: dict[str, Any] = {"rate": RATE, "loads": _loads(browser, url, loads)}
        progress(f"frames a second for {seconds} s, then {_STALLED} clients that stall")
        results |= _flow(browser, url, pid, seconds)
        progress("screenshots")
        results["screenshots"] = [_look(browser, url, *look) for look in LOOKS]
    results["gzipped_bytes"] = Assets().compressed_bytes()
    return results


@contextmanager
def _office(folder: Path, rate: int) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.dashboard_office", str(folder), str(rate)]
    with subprocess.Popen(command) as process:
        end = time.monotonic() + 20
        while not (folder / CONTROL_FILE).exists():
            if process.poll() is not None or time.monotonic() > end:
                raise DashboardError("the office for this measurement did not start")
            time.sleep(0.05)
        try:
            yield
        finally:
            process.terminate()


@contextmanager
def _page(folder: Path) -> Iterator[tuple[str, int]]:
    """Serve the page; gives its address and the process."""
    options = ["--dir", folder, "--users", folder / "users.toml", "--audit", folder / "audit.jsonl"]
    command = [
        str(Path(sys.executable).with_name("hftos")),
        "office",
        "serve",
        *map(str, options),
        "--bind",
        "127.0.0.1:0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise DashboardError("hftos office serve did not start: its reason is above")
        ready = json.loads(line)
        try:
            yield ready["url"], ready["pid"]
        finally:
            process.terminate()


def _cookie(url: str) -> tuple[str, str]:
    """Log in; gives the cookie's name and value."""
    host = url.removeprefix("http://").rstrip("/")
    connection = http.client.HTTPConnection(host, timeout=20)
    body = json.dumps({"user": "bench", "password": PASSWORD})
    connection.request("POST", "/api/login", body, {"Origin": url.rstrip("/"), "Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 204:
        raise DashboardError(f"the login was answered with {answer.status}")
    name, _, value = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
    return name, value


def _context(browser: Any, url: str, **options: Any) -> Any:
    name, value = _cookie(url)
    context = browser.new_context(**options)
    context.add_cookies([{"name": name, "value": value, "url": url}])
    return context


def _loads(browser: Any, url: str, loads: int) -> dict[str, Any]:
    """First contentful paint and first rows in ms from the start of the navigation, bytes, requests elsewhere."""
    paints, shown, sizes = [], [], []
    elsewhere: set[str] = set()
    for _ in range(loads):
        context = _context(browser, url, viewport={"width": 1600, "height": 950})
        page = context.new_page()
        received: list[int] = []
        page.on("request", lambda request: None if request.url.startswith((url, url.replace("http", "ws", 1)))
                else elsewhere.add(request.url))  # fmt: skip
        page.on("requestfinished", lambda request, to=received: to.append(request.sizes()["responseBodySize"]))
        page.goto(url)
        paints.append(page.evaluate(_PAINT))
        shown.append(page.evaluate(_SHOWN))
        sizes.append(sum(received))
        context.close()
    return {
        "first_paint_ms": {"median": round(statistics.median(paints)), "max": round(max(paints))},
        "first_rows_ms": {"median": round(statistics.median(shown)), "max": round(max(shown))},
        "transferred_bytes": max(sizes),
        "external_requests": sorted(elsewhere),
    }


def _flow(browser: Any, url: str, pid: int, seconds: int) -> dict[str, Any]:
    """Frames drawn a second by an open page, alone and beside clients that read nothing."""
    context = _context(browser, url, viewport={"width": 1600, "height": 950})
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(".badge.live", timeout=20_000)
    page.wait_for_timeout(2_000)
    before, began = _cpu_seconds(pid), time.monotonic()
    alone = _feet(page, seconds)
    cpu = (_cpu_seconds(pid) - before) / (time.monotonic() - began)
    memory = _resident(pid)
    stalled = _stall(url, page)
    context.close()
    return {
        "frames": _spread([foot["frames"] for foot in alone]),
        "rows_shown": _spread([foot["rows"] for foot in alone]),
        "source_rows": _spread([foot["source"] for foot in alone]),
        "server_cpus": round(cpu, 2),
        "stalled": {**stalled, "bytes_each": max(0, stalled.pop("resident") - memory) // _STALLED},
    }


def _stall(url: str, page: Any) -> dict[str, Any]:
    """Clients that read nothing: memory at its highest, seconds until all are cut off, frames of the good page."""
    from websockets.sync.client import connect

    name, value = _cookie(url)
    pid = _ready_pid(url)
    address, origin = url.replace("http", "ws", 1) + "stream", url.rstrip("/")
    with ExitStack() as stack:
        for _ in range(_STALLED):
            # Nothing is received beyond the handshake: the queue of one frame is full at once, and reading stops.
            options: dict[str, Any] = {"max_queue": 1, "proxy": None, "close_timeout": 0.1, "ping_interval": None}
            headers = {"Cookie": f"{name}={value}"}
            stack.enter_context(connect(address, origin=origin, additional_headers=headers, **options))  # type: ignore[call-overload]
        began, highest, feet = time.monotonic(), 0, []
        while _dropped(url, name, value) < _STALLED:
            if time.monotonic() - began > 4 * STALL_NS / 1e9:
                raise DashboardError("clients that stalled were not cut off")
            highest = max(highest, _resident(pid))
            feet += _feet(page, 1)
        took = time.monotonic() - began
    frames = _spread([foot["frames"] for foot in feet])
    return {"clients": _STALLED, "resident": highest, "seconds_until_dropped": round(took, 1), "frames_beside": frames}


def _ready_pid(url: str) -> int:
    """The process that listens at the page's address."""
    port = int(url.rstrip("/").rpartition(":")[2])
    wanted = f":{port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(wanted) and fields[3] == "0A":
            inode = f"socket:[{fields[9]}]"
            for link in Path("/proc").glob("[0-9]*/fd/*"):
                try:
                    if str(link.readlink()) == inode:
                        return int(link.parts[2])
                except OSError:
                    continue
    raise DashboardError(f"nobody listens at {url}")


def _dropped(url: str, name: str, value: str) -> int:
    connection = http.client.HTTPConnection(url.removeprefix("http://").rstrip("/"), timeout=20)
    connection.request("GET", "/metrics", headers={"Cookie": f"{name}={value}"})
    text = connection.getresponse().read().decode()
    found = re.search(r"^hftos_office_viewers_dropped_total ([\d.]+)$", text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def _feet(page: Any, seconds: int) -> list[dict[str, float]]:
    """What the page's foot says, once a second."""
    found = []
    for _ in range(seconds):
        page.wait_for_timeout(1_000)
        match = _FOOT.search(page.inner_text("#foot"))
        if match is not None:
            found.append({"frames": float(match[1]), "rows": _number(match[2]), "source": _number(match[3])})
    return found


def _number(text: str) -> float:
    scale = _UNITS.get(text[-1], 1)
    return float(text.rstrip("KM").replace(",", "")) * scale


def _spread(values: list[float]) -> dict[str, float]:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def _resident(pid: int) -> int:
    """Resident bytes of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _look(browser: Any, url: str, name: str, scheme: str, width: int, height: int) -> str:
    """Take a picture of the page, a few seconds after it was opened."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    context = _context(browser, url, viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(".badge.live", timeout=20_000)
    page.wait_for_timeout(3_000)
    path = SCREENSHOTS / f"dashboard-{name}.png"
    page.screenshot(path=path)
    context.close()
    return path.name


def tables(results: dict[str, Any]) -> list[Table]:
    """One table: what, measured, wanted."""
    loads, stalled = results["loads"], results["stalled"]
    paint, frames = loads["first_paint_ms"], results["frames"]
    rows = [
        ("first paint, median (slowest)", f"{paint['median']} ms ({paint['max']} ms)", "≤ 500 ms"),
        ("first rows of the stream, median", f"{loads['first_rows_ms']['median']} ms", ""),
        ("all files, gzipped", f"{results['gzipped_bytes']:,} bytes", "≤ 150,000 bytes"),
        ("requests to elsewhere", f"{len(loads['external_requests'])}", "0"),
        ("rows a second from the office, median", f"{results['source_rows']['median']:,.0f}", f"{results['rate']:,}"),
        ("frames drawn a second, median (fewest)", f"{frames['median']:.0f} ({frames['min']:.0f})", "≥ 20"),
        ("CPUs of the page's server", f"{results['server_cpus']:.2f}", ""),
        (f"memory of each of {stalled['clients']} stalled clients", f"{stalled['bytes_each']:,} bytes", "≤ 10 MB"),
        ("until they are cut off", f"{stalled['seconds_until_dropped']} s", ""),
        ("frames of the good page meanwhile, median", f"{stalled['frames_beside']['median']:.0f}", "≥ 20"),
    ]
    table = Table(title="The office's page in Chromium", title_justify="left")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("wanted", justify="right")
    for row in rows:
        table.add_row(*row)
    return [table]
