"""The office in a run: the page shows what the report says, the store has it, and the kill switch works."""

import json
import os
import select
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from protocols import inotify, ouch50
from qemu import accel, plan
from qemu.ledger import build
from qemu.page import FILE
from qemu.reconcile import log_entries
from store.audit.verify import verify

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
STARTS = 120.0
SECOND_NS = 1_000_000_000
NAMES = ("messages", "orders", "executions", "decisions", "refused")


@dataclass
class Running:
    """A run that goes on, and its page."""

    process: "subprocess.Popen[str]"
    directory: Path
    url: str
    password: str

    def finish(self) -> dict[str, Any]:
        """Its report, once it has ended."""
        out, errors = self.process.communicate(timeout=STARTS)
        assert out, errors
        report: dict[str, Any] = json.loads(out)
        return report


Start = Callable[[float], Running]


@pytest.fixture
def start(accelerator: accel.Accelerator, tmp_path: Path) -> Iterator[Start]:
    """Start `hftos run` for so many seconds of trading; gives it when its page is served."""
    processes: list[subprocess.Popen[str]] = []

    def run(seconds: float) -> Running:
        directory = tmp_path / "run"
        directory.mkdir()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "hftos.cli", "run", "--no-build", "--json", "--dir", str(directory)),
                *("--seconds", str(seconds), "--page-port", "0"),
            ],
            cwd=ROOT,
            env=os.environ | {accel.OVERRIDE: accelerator.name},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        until(lambda: served(directory) or process.poll() is not None, directory, "page")
        found = served(directory)
        assert found is not None, process.communicate()[1]
        return Running(process, directory, found["url"], found["password"])

    yield run
    for process in processes:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=STARTS)


def served(directory: Path) -> dict[str, Any] | None:
    """Where the page is, when it is."""
    try:
        found: dict[str, Any] = json.loads((directory / FILE).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return found


def until(condition: Callable[[], object], folder: Path, what: str) -> None:
    """Look, whenever something was written in a folder, until a condition holds."""
    changes = inotify.watch(folder, inotify.MODIFIED | inotify.CREATED)
    poller = select.poll()
    poller.register(changes, select.POLLIN)
    try:
        while not condition():
            assert poller.poll(STARTS * 1000), f"no {what} within {STARTS} s"
            os.read(changes, 1 << 16)
    finally:
        os.close(changes)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium-headless-shell")
    assert path is not None, "install the package chromium-headless-shell (scripts/packages.txt)"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


def open_page(browser: Browser, running: Running, user: str) -> Page:
    """The page in a browser of its own, logged in."""
    page = browser.new_context(viewport={"width": 1600, "height": 950}).new_page()
    page.goto(running.url)
    page.fill("#name", user)
    page.fill("#password", running.password)
    page.press("#password", "Enter")
    page.wait_for_selector("#watch tbody tr:not([hidden])", timeout=STARTS * 1000)
    return page


def shown(page: Page) -> dict[str, int]:
    """The totals on the page, by name."""
    totals = "[...document.querySelectorAll('[data-total]')]"
    texts: dict[str, str] = page.evaluate(
        f"() => Object.fromEntries({totals}.map(e => [e.dataset.total, e.textContent]))"
    )
    return {name: int(text.replace(",", "")) for name, text in texts.items()}


def exchange_log(directory: Path) -> list[dict[str, Any]]:
    """The exchange's log of the trader's login, each record with its time."""
    lines = (directory / "exchange" / "orders.jsonl").read_text().splitlines(keepends=True)
    records = [json.loads(line) for line in lines if line.endswith("\n")]
    return [record for record in records if record["login"] == plan.USER]


def still_open(records: list[dict[str, Any]]) -> list[int]:
    """References of orders that may still execute, by the exchange's log."""
    ledger = build(log_entries(records, plan.USER))
    return [reference for reference, order in ledger.orders.items() if order.left > 0]


def post(url: str, cookie: str = "") -> int:
    """Status of a try to kill without the page."""
    origin = url.rstrip("/")
    headers = {"Content-Type": "application/json", "Origin": origin} | ({"Cookie": cookie} if cookie else {})
    request = urllib.request.Request(f"{origin}/api/kill", json.dumps({"host": "hft1"}).encode(), headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_page_the_report_and_the_store_have_the_same_numbers(start: Start, browser: Browser) -> None:
    running = start(12)
    page = open_page(browser, running, "viewer")
    page.wait_for_selector("#state:text-matches('^ended')", timeout=STARTS * 1000)
    page.wait_for_timeout(200)  # frames are drawn 25 times a second
    on_the_page = shown(page)
    page.context.close()

    report = running.finish()
    assert report["ok"], json.dumps({name: report.get(name) for name in ("reasons", "differences")}, indent=1)
    sides = report["store"]["counts"]
    assert set(sides) == {"capture", "journal", "telemetry", "store"}
    for name in NAMES:
        counts = {side: values[name] for side, values in sides.items() if values[name] is not None}
        assert len(set(counts.values())) == 1, (name, counts)
        assert on_the_page[name] == counts["store"], name
    assert sides["store"]["messages"] == report["feed"]["messages"]
    assert sides["store"]["decisions"] == report["decisions"]
    assert sides["store"]["refused"] == report["risk_refusals"]
    assert sides["store"]["executions"] > 0
    assert not (running.directory / FILE).exists(), "the page's password outlives it"


def test_the_kill_switch_is_for_risk_alone_and_works_within_a_second(start: Start, browser: Browser) -> None:
    running = start(15)
    viewer = open_page(browser, running, "viewer")
    until(lambda: len(still_open(exchange_log(running.directory))) > 3, running.directory / "exchange", "open orders")

    assert viewer.is_hidden("#kill")
    session = "; ".join(f"{one['name']}={one['value']}" for one in viewer.context.cookies())
    assert post(running.url, session) == 403
    assert post(running.url) == 401

    risk = open_page(browser, running, "risk")
    risk.click("#kill")
    risk.fill("#confirm", "hft2")
    assert risk.is_disabled("dialog.killer button.kill")
    risk.fill("#confirm", "hft1")
    before = time.time_ns()
    risk.click("dialog.killer button.kill")
    risk.wait_for_selector("#state:text-is('KILLED')", timeout=1_000)
    viewer.context.close()
    risk.context.close()
    running.finish()

    log = exchange_log(running.directory)
    in_time = [record for record in log if record["t"] <= before + SECOND_NS]
    assert still_open([record for record in log if record["t"] <= before]), "there was nothing to cancel"
    assert still_open(in_time) == []
    late = [record["hex"] for record in log if record["dir"] == "in" and record["t"] > before + SECOND_NS]
    orders = (ouch50.EnterOrder.TYPE.encode().hex(), ouch50.ReplaceOrder.TYPE.encode().hex())
    assert [message for message in late if message[:2] in orders] == []

    audit = running.directory.parent / "audit" / "audit.jsonl"
    records = [json.loads(line) for line in audit.read_text().splitlines()]
    did = [(record["who"], record["role"], record["action"]) for record in records]
    assert ("risk", "risk", "kill") in did
    assert ("risk", "risk", "kill.sent") in did
    assert ("viewer", "viewer", "kill.refused") in did
    assert ("viewer", "viewer", "kill") not in did
    assert verify(audit).ok
