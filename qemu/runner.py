"""Runs a scenario from the first namespace to the last log: network, exchange, office, guest, trading, the end.

Every wait ends on an event or on a budget, and every failure has a reason. Only processes started here are ended; on
any way out, a Ctrl-C included, nothing of them stays.
"""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from qemu import plan
from qemu.accel import Accelerator
from qemu.budget import Budget, Budgets
from qemu.children import Child, Nursery, until
from qemu.control import GuestControl
from qemu.namespaces import Namespace
from qemu.outcome import Outcome, judge_guest
from qemu.progress import Progress
from qemu.scenario import Image, Scenario, collector_command, exchange_command, machine, switch_config

Record = dict[str, Any]

_TRADING = "trading"
_LAST_WORDS = 2.0  # seconds for bytes that are already under way


class ScenarioError(RuntimeError):
    """A phase failed; the text says which and why."""


class GuestGoneError(ScenarioError):
    """The guest ended before its time: a symptom, whose cause its console may tell."""


async def run(scenario: Scenario, image: Image, accelerator: Accelerator, progress: Progress) -> Outcome:
    """Run a scenario; failures of its parts are in the outcome's `reasons`, not raised."""
    scenario.prepare()
    outcome = Outcome(accelerator)
    stage = _Stage(scenario, image, outcome, progress)
    try:
        async with AsyncExitStack() as stack:
            await stage.play(stack)
    except GuestGoneError as error:
        outcome.symptoms.append(str(error))
    except (ScenarioError, OSError, TimeoutError, RuntimeError) as error:
        outcome.reasons.append(str(error))
    judge_guest(scenario, outcome)
    return outcome


class _Stage:
    """The parts of a running scenario and the order in which they come up and go."""

    def __init__(self, scenario: Scenario, image: Image, outcome: Outcome, progress: Progress) -> None:
        self._scenario = scenario
        self._image = image
        self._outcome = outcome
        self._progress = progress
        self._budgets: Budgets = scenario.budgets
        self._children: dict[str, Child] = {}
        self._control = GuestControl()
        self._records: asyncio.Queue[Record] = asyncio.Queue()
        self._phase_began: float | None = None
        self._phase_name = ""

    async def play(self, stack: AsyncExitStack) -> None:
        """All phases, in order; what is started is registered on the stack to be ended."""
        sockets = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hftos-")))
        nursery = Nursery(self._scenario.directory)
        nursery.remove_if_killed(sockets)
        stack.push_async_callback(nursery.close)
        self._phase("network")
        exchange_net, office_net = stack.enter_context(Namespace()), stack.enter_context(Namespace())
        await self._switch(nursery, exchange_net, office_net, sockets)
        self._phase("exchange")
        await self._exchange(nursery, exchange_net, sockets)
        await self._collector(nursery, office_net, sockets, stack)
        self._phase("boot")
        await self._boot(nursery, sockets, stack)
        await self._await("boot", self._budgets.boot, lambda record: record["kind"] == "boot")
        self._phase("login")
        await self._await("login", self._budgets.login, lambda record: record.get("state") == _TRADING)
        self._phase(f"trading for {self._scenario.seconds:g} s")
        await self._await("trading", self._budgets.silence, lambda record: record["kind"] == "exit", renew=True)
        self._phase("power off")
        await self._power_off()
        self._phase("end of session")
        await self._collect()
        self._phase("")

    async def _switch(self, nursery: Nursery, exchange_net: Namespace, office_net: Namespace, sockets: Path) -> None:
        taps = {
            plan.EXCHANGE: exchange_net.add_tap("trading0", plan.EXCHANGE_ADDRESS),
            plan.OFFICE: office_net.add_tap("office0", plan.OFFICE_ADDRESS),
        }
        try:
            config = sockets / "switch.json"
            config.write_text(json.dumps(switch_config(self._scenario, taps, sockets)))
            self._children["switch"] = nursery.start(
                "switch",
                [sys.executable, "-m", "qemu.switch", str(config)],
                output=sockets / "switch.out",
                pass_fds=tuple(taps.values()),
            )
        finally:
            for descriptor in taps.values():
                os.close(descriptor)
        await self._ready("switch", sockets / "switch.out")

    async def _exchange(self, nursery: Nursery, namespace: Namespace, sockets: Path) -> None:
        ready = sockets / "exchange.ready"
        command = exchange_command(self._scenario, ready)
        output = self._scenario.directory / "exchange" / "stdout"
        self._children["exchange"] = nursery.start("exchange", command, namespace=namespace, output=output)
        await self._ready("exchange", ready)

    async def _collector(self, nursery: Nursery, namespace: Namespace, sockets: Path, stack: AsyncExitStack) -> None:
        control, output = sockets / "control", sockets / "collector.out"
        command = collector_command(self._scenario, control)
        self._children["collector"] = nursery.start("collector", command, namespace=namespace, output=output)
        await self._ready("collector", output)
        await stack.enter_async_context(_watching(control, self._records))

    async def _boot(self, nursery: Nursery, sockets: Path, stack: AsyncExitStack) -> None:
        definition = machine(self._scenario, self._image, self._outcome.accelerator, sockets)
        await self._control.listen(definition.qmp)
        stack.push_async_callback(self._control.close)
        guest = self._children["guest"] = nursery.start("qemu", definition.argv())
        accepted = asyncio.ensure_future(self._control.accept())
        ended = asyncio.ensure_future(guest.wait())
        await asyncio.wait((accepted, ended), timeout=self._budgets.ready, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        # A QEMU that dies early may have connected before: then the protocol fails, and its own words say why.
        failed = accepted.done() and accepted.exception() is not None
        if accepted.done() and not failed:
            return
        accepted.cancel()
        status = await guest.stop(0.0 if not failed else _LAST_WORDS)
        raise ScenarioError(f"QEMU did not start (status {status}): {guest.tail() or 'no message'}")

    async def _ready(self, name: str, path: Path) -> None:
        """Wait until a child has written its ready line."""
        await until(
            lambda: path.exists() and path.stat().st_size > 0, self._children[name], self._budgets.ready, "ready line"
        )

    async def _await(self, phase: str, budget: float, wanted: Callable[[Record], bool], renew: bool = False) -> None:
        """Wait for a record of the management stream; `renew` restarts the budget with every record that comes.

        Raises ScenarioError when the guest or another part ends first, or the budget is used up.
        """
        watch = Budget(self._children["guest"], budget)
        ends = {name: asyncio.create_task(child.wait()) for name, child in self._children.items()}
        try:
            while not wanted(record := await self._next_record(phase, ends, watch)):
                if renew and record["kind"] != "connection":
                    watch.restart()
        finally:
            for future in ends.values():
                future.cancel()

    async def _next_record(self, phase: str, ends: Mapping[str, "asyncio.Task[int]"], watch: "Budget") -> Record:
        """The next record of the stream. A part that ended may have left records on their way: they come first."""
        following = asyncio.create_task(self._records.get())
        try:
            while not following.done():
                waiting: set[asyncio.Future[Any]] = {following, *ends.values()}
                await asyncio.wait(waiting, timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
                if any(future.done() for future in ends.values()):
                    await asyncio.wait((following,), timeout=_LAST_WORDS)
                if not following.done():
                    self._fail_if_over(phase, ends, watch)
            record = following.result()
        finally:
            following.cancel()
        self._tell(record)
        return record

    def _fail_if_over(self, phase: str, ends: Mapping[str, "asyncio.Task[int]"], watch: "Budget") -> None:
        for name, future in ends.items():
            if future.done():
                ending = self._control.ending() if name == "guest" else None
                why = f" ({ending})" if ending else f": {self._children[name].tail(5)}"
                kind = GuestGoneError if name == "guest" else ScenarioError
                raise kind(f"{phase}: the {name} ended with status {future.result()}{why}")
        if watch.used_up():
            raise ScenarioError(f"{phase}: {_MISSING[phase]}; {watch}")

    async def _power_off(self) -> None:
        guest, watch = self._children["guest"], Budget(self._children["guest"], self._budgets.power_off)
        while guest.status is None and not watch.used_up():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(guest.wait(), 0.5)
        self._outcome.machine_ending = self._control.ending()
        if guest.status is None:
            raise ScenarioError(f"power off: the guest said its exit status but does not power off; {watch}")

    async def _collect(self) -> None:
        """Let the office read the last bytes, then end exchange, collector and switch for their counters."""
        deadline = asyncio.get_running_loop().time() + _LAST_WORDS
        try:
            async with asyncio.timeout_at(deadline):
                while (await self._records.get()) != {"kind": "connection", "open": False}:
                    pass
        except TimeoutError:
            self._outcome.reasons.append("the guest powered off without closing its connection to the office")
        for name in ("exchange", "collector", "switch"):
            status = await self._children[name].stop(self._budgets.stop)
            if status != 0:
                child = self._children[name]
                self._outcome.reasons.append(f"the {name} ended with status {status}: {child.tail(5)}")
        self._outcome.exchange_status = self._children["exchange"].status

    def _phase(self, name: str) -> None:
        now = asyncio.get_running_loop().time()
        if self._phase_began is not None:
            self._outcome.phases[self._phase_name] = round(now - self._phase_began, 3)
        self._phase_name, self._phase_began = name, now
        if name:
            self._progress.phase(name)

    def _tell(self, record: Record) -> None:
        """Show the trader's figures as they come."""
        if record["kind"] == "stats":
            feed, orders = record.get("feed", {}), record.get("orders", {})
            text = f"{feed.get('messages', 0)} messages, {orders.get('sent', 0)} order messages, "
            self._progress.detail(text + f"{orders.get('executed_shares', 0)} shares")
        elif record["kind"] == "state":
            self._progress.detail(str(record.get("state")))


_MISSING = {
    "boot": "the guest did not report to the office",
    "login": "the trader did not log in at the exchange",
    "trading": "the trader fell silent",
}


@asynccontextmanager
async def _watching(control: Path, records: "asyncio.Queue[Record]") -> AsyncIterator[None]:
    """Read the collector's stream into a queue for as long as the context lasts."""
    reader, writer = await asyncio.open_unix_connection(control, limit=8 << 20)

    async def pump() -> None:
        while line := await reader.readline():
            records.put_nowait(json.loads(line))

    task = asyncio.ensure_future(pump())
    try:
        yield
    finally:
        task.cancel()
        writer.close()
