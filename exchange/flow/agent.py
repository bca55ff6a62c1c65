"""What all agents have in common: accounts of their own, a script of episodes, a label for each.

A kind of agent is a subclass with `episode`, a Python generator: it acts, yields the time at which it wants to go on
(ns since midnight), and is woken earlier when one of its orders trades. It never acts from within an event.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from exchange.flow.agent_account import AgentAccount
from exchange.flow.agent_spec import AgentError, AgentSpec, Parameter
from exchange.flow.labels import Label, Labels
from exchange.flow.random64 import Random64
from exchange.flow.universe import ONE_DOLLAR, SMALL_TICK, TICK
from exchange.market import Market
from exchange.orders import Party

# Parties of agents count from here, above those of any firm that logs in.
FIRST_PARTY = 1_000_000
_GOLDEN = 0x9E37_79B9_7F4A_7C15
MS = 1_000_000


class Agent:
    """One agent, a flow of its own. ``number`` counts the agents of a market from 1.

    ``owners`` are the owner numbers of its accounts with the firm of each. AgentError: its symbol is not listed.
    """

    KIND: ClassVar[str]
    INTENT: ClassVar[str]
    HONEST: ClassVar[bool] = True
    ACCOUNTS: ClassVar[int] = 1
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = ()

    def __init__(self, market: Market, spec: AgentSpec, seed: int, number: int, labels: Labels) -> None:
        listed = market.directory.listings
        symbol = spec.values["symbol"] or next(iter(listed), "")
        if symbol not in listed:
            some = ", ".join(list(listed)[:12]) or "none"
            raise AgentError(f"{spec.kind}: symbol {symbol!r} is not listed; list it, or give one of: {some}")
        self.name = f"{spec.kind}{number}"
        self.now = 0
        self.market = market
        self.book = market.book(symbol)
        self.rng = Random64(seed ^ (number * _GOLDEN))
        self.side = ""
        self.genuine: list[int] = []
        self._values = spec.values
        self._labels = labels
        self._episodes = 0
        self._origin = 0
        self._begun: int | None = None
        self._due: int | None = None
        self._reaction: int | None = None
        self._script: Iterator[int] | None = None
        # One organisation and beneficial owner; each account has a firm of its own.
        self.accounts = [
            AgentAccount(
                market,
                f"{'AXYZ'[i]}{number:03}"[:4],
                Party(FIRST_PARTY + 4 * number + i, FIRST_PARTY + number, FIRST_PARTY + number),
                self._on_fill,
                self.finish,
            )
            for i in range(self.ACCOUNTS)
        ]
        self.owners = {account.owner: account.firm for account in self.accounts}

    def episode(self) -> Iterator[int]:
        """Act once, from start to end."""
        raise NotImplementedError

    def start(self, now: int) -> None:
        """Schedule the first episode."""
        self._origin = now
        self._script = self._run()
        self._due = next(self._script)

    def next_time(self) -> int | None:
        """When it goes on, None when it is through."""
        return self._due

    def step(self) -> None:
        """Go on."""
        if self._script is None or self._due is None:
            return
        self.now = self._due
        self._reaction = None
        self._due = next(self._script, None)

    def finish(self, now: int) -> None:
        """Stop at the end of the day; an episode that is under way gets its label."""
        self._due = None
        self._script = None
        if self._begun is not None:
            self._label(now, complete=False)

    def counters(self) -> dict[str, Any]:
        """Episodes that ended, and the shares each account holds."""
        positions = {account.firm: account.position for account in self.accounts}
        return {"kind": self.KIND, "symbol": self.book.symbol, "episodes": self._episodes, "positions": positions}

    def value(self, name: str) -> Any:
        """The value of a parameter."""
        return self._values[name]

    def react_after(self, delay: int) -> None:
        """Until the next step, a trade wakes the agent ``delay`` ns later."""
        self._reaction = delay

    def touch(self) -> tuple[int, int] | None:
        """Best displayed bid and ask (price4), None while either side is empty."""
        bid, ask = self.book.bids.best_displayed(), self.book.asks.best_displayed()
        return None if bid is None or ask is None else (bid.price, ask.price)

    def tick(self, price: int) -> int:
        """The tick at a price (Regulation NMS Rule 612)."""
        return TICK if price >= ONE_DOLLAR else SMALL_TICK

    def chosen_side(self) -> bool:
        """True = buy: as asked for, else at random."""
        side = self.value("side")
        return self.rng.random() < 0.5 if side == "both" else bool(side == "B")

    def _run(self) -> Iterator[int]:
        yield self._origin + self.value("at")
        while True:
            begun = self._begun = self.now
            for account in self.accounts:
                account.begin()
            self.side, self.genuine = "", []
            yield from self.episode()
            self._label(self.now, complete=True)
            if self.value("count") and self._episodes >= self.value("count"):
                return
            yield max(begun + self.value("every"), self.now + 1)

    def _on_fill(self, now: int) -> None:
        if self._reaction is not None and self._due is not None:
            self._due = min(self._due, now + self._reaction)

    def _label(self, now: int, complete: bool) -> None:
        """Write what was done; an episode without an order, in a market without a touch, is none."""
        assert self._begun is not None
        begun, self._begun = self._begun, None
        orders = [ref for account in self.accounts for ref in account.orders]
        if not orders:
            return
        self._episodes += 1
        matches: dict[int, int] = {}
        own: set[int] = set()
        for account in self.accounts:
            own |= matches.keys() & account.matches.keys()
            matches |= account.matches
        self._labels.add(
            Label(
                id=f"{self.name}-{self._episodes}",
                kind=self.KIND,
                agent=self.name,
                firm=self.accounts[0].firm,
                symbol=self.book.symbol,
                start=begun,
                end=now,
                side=self.side,
                intent=self.INTENT,
                honest=self.HONEST,
                orders=sorted(orders),
                genuine=sorted(self.genuine or orders),
                matches=sorted(matches),
                self_matches=sorted(own),
                filled=sum(matches.values()),
                owners=list(self.owners),
                firms=list(self.owners.values()),
                complete=complete,
            )
        )
