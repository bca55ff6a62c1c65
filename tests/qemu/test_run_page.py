"""The office's page in a run: its port is had before anything of the last run is touched, its password is private."""

import asyncio
import json
import socket
import stat
from pathlib import Path

import pytest

from office.dashboard.users import Users
from protocols.management import Exit, State
from qemu import page, runner
from qemu.accel import Accelerator
from qemu.children import Nursery
from qemu.outcome import Outcome
from qemu.progress import Progress
from qemu.scenario import Image, Scenario

TCG = Accelerator("tcg", "test")


class Silent(Progress):
    """Progress that nobody watches."""

    def phase(self, name: str) -> None:
        """Say nothing."""

    def detail(self, text: str) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""


def nowhere(folder: Path) -> Image:
    path = folder / "nowhere"
    return Image(path, path, path, path, "console=ttyS0")


def test_a_port_in_use_is_said_before_the_last_run_is_touched(tmp_path: Path) -> None:
    last = tmp_path / "run" / "captures" / "trader.pcapng"
    last.parent.mkdir(parents=True)
    last.write_text("the last run's")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        scenario = Scenario(tmp_path / "run", page_port=taken.getsockname()[1])
        with pytest.raises(page.PageError, match="give another --page-port, or --no-office"):
            asyncio.run(runner.run(scenario, nowhere(tmp_path), TCG, Silent()))
    assert last.read_text() == "the last run's"


def test_its_file_is_the_owners_alone_and_has_what_logs_in(tmp_path: Path) -> None:
    scenario = Scenario(tmp_path / "run")
    scenario.prepare()
    with page.listen(0) as listening:
        page.describe(scenario, listening, tmp_path / "users.toml")
        port = listening.getsockname()[1]
    path = scenario.directory / page.FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = json.loads(path.read_text())
    assert found["url"] == f"http://127.0.0.1:{port}/"
    users = Users(tmp_path / "users.toml")
    for name in found["users"]:
        user = users.check(name, found["password"])
        assert user is not None and user.role == name
    page.forget(scenario)
    assert not path.exists()


def test_nothing_trades_by_the_page_so_its_end_is_a_reason_and_no_end_of_trading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_LAST_WORDS", 0.05)
    outcome = Outcome(TCG)

    async def trade() -> None:
        nursery = Nursery(tmp_path)
        stage = runner._Stage(Scenario(tmp_path), nowhere(tmp_path), outcome, Silent(), None)
        children = stage._children
        children["guest"] = nursery.start("guest", ["sleep", "60"])
        children["page"] = nursery.start("page", ["sh", "-c", "echo no luck >&2; exit 3"])
        await children["page"].wait()
        asyncio.get_running_loop().call_later(0.7, stage._said.put_nowait, Exit(status=0, body=b"end of session"))
        stage._said.put_nowait(State(body=b"trading"))
        try:
            await stage._await("trading", 20.0, lambda message: isinstance(message, Exit), renew=True)
            await stage._end("page")
        finally:
            await nursery.close()

    asyncio.run(trade())
    assert outcome.reasons == ["the page ended with status 3: no luck"]
