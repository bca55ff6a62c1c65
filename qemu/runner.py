"""Runs a scenario from the first namespace to the last log: network, exchange, office, guest, trading, the end.

Every wait ends on an event or on a budget, and every failure has a reason. Only processes started here are ended; on
any way out, a Ctrl-C included, nothing of them stays.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from office.live import watch
from protocols.management import Connection, Exit, Hello, ManagementMessage, State, Stats
from qemu import page, plan
from qemu.accel import Accelerator
from qemu.budget import Budget, Budgets
from qemu.children import Child, Nursery, until
from qemu.control import GuestControl
from qemu.keeping import keep
from qemu.namespaces import Namespace
from qemu.outcome import Outcome, judge_guest
from qemu.progress import Progress
from qemu.scenario import Image, Scenario, collector_command, exchange_command, machine, switch_config
from qemu.switch.loop import MARK

_TRADING = State(body=b"trading")
_LAST_WORDS = 2.0  # seconds for bytes that are already under way


class ScenarioError(RuntimeError):
    """A phase failed; the text says which and why."""


class GuestGoneError(ScenarioError):
    """The guest ended before its time: a symptom, whose cause its console may tell."""


async def run(scenario: Scenario, image: Image, accelerator: Accelerator, progress: Progress) -> Outcome:
    """Run a scenario; failures of its parts are in the outcome's `reasons`, not raised.

    Raises PageError when the page's port cannot be had: then nothing is started, and the last run is as it was.
    """
    outcome = Outcome(accelerator)
    listening = page.listen(scenario.page_port) if scenario.office else None
    with contextlib.nullcontext() if listening is None else listening:
        return await _played(scenario, outcome, _Stage(scenario, image, outcome, progress, listening))


async def _played(scenario: Scenario, outcome: Outcome, stage: "_Stage") -> Outcome:
    scenario.prepare()
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

    def __init__(
        self, scenario: Scenario, image: Image, outcome: Outcome, progress: Progress, listening: socket.socket | None
    ) -> None:
        self._scenario = scenario
        self._listening = listening
        self._image = image
        self._outcome = outcome
        self._progress = progress
        self._budgets: Budgets = scenario.budgets
        self._children: dict[str, Child] = {}
        self._control = GuestControl()
        self._said: asyncio.Queue[ManagementMessage] = asyncio.Queue()
        # Whose end does not end trading: nothing trades by the page, and an absence of the office is no surprise.
        self._spared = {"page", "collector"} if scenario.office_away else {"page"}
        self._starts = 0
        self._absent: asyncio.Task[None] | None = None
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
        if self._listening is not None:
            await self._page(self._listening, nursery, office_net, sockets, stack)
        self._phase("boot")
        await self._boot(nursery, sockets, stack)
        await self._await("boot", self._budgets.boot, lambda message: isinstance(message, Hello))
        self._phase("login")
        await self._await("login", self._budgets.login, lambda message: message == _TRADING)
        self._children["switch"].signal(MARK)
        self._absent = asyncio.create_task(self._absences(nursery, office_net, sockets, stack))
        stack.callback(self._absent.cancel)
        self._phase(f"trading for {self._scenario.seconds:g} s")
        await self._await("trading", self._budgets.silence, lambda message: isinstance(message, Exit), renew=True)
        self._phase("power off")
        await self._power_off()
        self._phase("end of session")
        await self._collect()
        if self._scenario.office:
            self._phase("store")
            self._outcome.kept = await keep(self._scenario)
            await self._end("page")
        self._phase("")

    async def _switch(self, nursery: Nursery, exchange_net: Namespace, office_net: Namespace, sockets: Path) -> None:
        taps = {
            plan.EXCHANGE: exchange_net.add_tap("trading0", plan.EXCHANGE_ADDRESS),
            plan.OFFICE: office_net.add_tap("office0", plan.OFFICE_ADDRESS),
        }
        if self._scenario.office:
            taps[plan.DROP_COPY] = office_net.add_tap("trading0", plan.DROP_COPY_ADDRESS, multicast=False)
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
        self._starts += 1
        name = "collector" if self._starts == 1 else f"collector-{self._starts}"
        control, output = sockets / "control", sockets / f"{name}.out"
        command = collector_command(self._scenario, control)
        self._children["collector"] = nursery.start(name, command, namespace=namespace, output=output)
        await self._ready("collector", output)
        await stack.enter_async_context(_watching(control, self._said))

    async def _page(
        self,
        listening: socket.socket,
        nursery: Nursery,
        namespace: Namespace,
        sockets: Path,
        stack: AsyncExitStack,
    ) -> None:
        """Serve the office's page, and say where."""
        output, users = sockets / "page.out", sockets / "users.toml"
        found = page.describe(self._scenario, listening, users)
        stack.callback(page.forget, self._scenario)
        command = page.command(self._scenario, listening, users, sockets / "exchange.ready")
        self._children["page"] = nursery.start(
            "page", command, namespace=namespace, output=output, pass_fds=(listening.fileno(),)
        )
        listening.close()  # it is the page's alone: whoever connects after its end is refused
        await self._ready("page", output)
        self._progress.note(f"office: {found['url']} (user risk, trader or viewer; password {found['password']})")

    async def _absences(self, nursery: Nursery, namespace: Namespace, sockets: Path, stack: AsyncExitStack) -> None:
        """Kill the collector and start it again, as often as the scenario says."""
        began = asyncio.get_running_loop().time()
        for away, back in sorted(self._scenario.office_away):
            await asyncio.sleep(began + away - asyncio.get_running_loop().time())
            await self._children["collector"].stop(_LAST_WORDS, signal.SIGKILL)
            self._progress.detail("the office is dead")
            await asyncio.sleep(began + back - asyncio.get_running_loop().time())
            await self._collector(nursery, namespace, sockets, stack)
            self._progress.detail("the office is back")

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

    async def _await(
        self, phase: str, budget: float, wanted: Callable[[ManagementMessage], bool], renew: bool = False
    ) -> None:
        """Wait for a message of the management stream; `renew` restarts the budget with every one that comes.

        Raises ScenarioError when the guest or another part ends first, or the budget is used up.
        """
        watch = Budget(self._children["guest"], budget)
        ends = {
            name: asyncio.create_task(child.wait())
            for name, child in self._children.items()
            if name not in self._spared
        }
        try:
            while not wanted(message := await self._next_message(phase, ends, watch)):
                if renew and not isinstance(message, Connection):
                    watch.restart()
        finally:
            for future in ends.values():
                future.cancel()

    async def _next_message(
        self, phase: str, ends: Mapping[str, "asyncio.Task[int]"], watch: "Budget"
    ) -> ManagementMessage:
        """The next message of the stream. A part that ended may have left some on their way: they come first."""
        following = asyncio.create_task(self._said.get())
        try:
            while not following.done():
                waiting: set[asyncio.Future[Any]] = {following, *ends.values()}
                await asyncio.wait(waiting, timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
                if any(future.done() for future in ends.values()):
                    await asyncio.wait((following,), timeout=_LAST_WORDS)
                if not following.done():
                    self._fail_if_over(phase, ends, watch)
            message = following.result()
        finally:
            following.cancel()
        self._tell(message)
        return message

    def _fail_if_over(self, phase: str, ends: Mapping[str, "asyncio.Task[int]"], watch: "Budget") -> None:
        for name, future in ends.items():
            if future.done():
                ending = self._control.ending() if name == "guest" else None
                why = f" ({ending})" if ending else f": {self._children[name].tail(5)}"
                kind = GuestGoneError if name == "guest" else ScenarioError
                raise kind(f"{phase}: the {name} ended with status {future.result()}{why}")
        if self._absent is not None and self._absent.done() and (error := self._absent.exception()) is not None:
            raise ScenarioError(f"{phase}: the office did not come back: {error}") from error
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
                while (await self._said.get()) != Connection(open=0):
                    pass
        except TimeoutError:
            self._outcome.reasons.append("the guest powered off without closing its connection to the office")
        for name in ("exchange", "collector", "switch"):
            await self._end(name)
        self._outcome.exchange_status = self._children["exchange"].status

    async def _end(self, name: str) -> None:
        """End a part; anything but a good ending is a reason."""
        child = self._children[name]
        status = await child.stop(self._budgets.stop)
        if status != 0:
            self._outcome.reasons.append(f"the {name} ended with status {status}: {child.tail(5) or 'no message'}")

    def _phase(self, name: str) -> None:
        now = asyncio.get_running_loop().time()
        if self._phase_began is not None:
            self._outcome.phases[self._phase_name] = round(now - self._phase_began, 3)
        self._phase_name, self._phase_began = name, now
        if name:
            self._progress.phase(name)

    def _tell(self, message: ManagementMessage) -> None:
        """Show the trader's figures as they come."""
        if isinstance(message, State):
            self._progress.detail(message.body.decode("utf-8", "replace"))
        elif isinstance(message, Stats):
            with contextlib.suppress(ValueError, TypeError, LookupError):  # what is wrong with it, the report says
                stats = json.loads(message.body)
                feed, orders = stats["feed"], stats["orders"]
                text = f"{feed['messages']} messages, {orders['sent']} order messages, "
                self._progress.detail(text + f"{orders['executed_shares']} shares")


_MISSING = {
    "boot": "the guest did not report to the office",
    "login": "the trader did not log in at the exchange",
    "trading": "the trader fell silent",
}


@asynccontextmanager
async def _watching(control: Path, said: "asyncio.Queue[ManagementMessage]") -> AsyncIterator[None]:
    """Read the collector's stream into a queue for as long as the context lasts."""

    async def pump() -> None:
        async for _, frame in watch(control):
            said.put_nowait(frame.message)

    task = asyncio.ensure_future(pump())
    try:
        yield
    finally:
        task.cancel()
