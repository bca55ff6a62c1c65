"""Frames of the management stream in, tables for browsers out. No clock, no socket, no file inside.

Frames come encoded, because most of them are books that are overwritten before anybody sees them: those are kept as
bytes and decoded when they are sent on.
"""

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from office.dashboard import schema
from office.dashboard.blotter import Blotter, fill_row, order_row
from office.dashboard.books import Books, ladder_row, top_row
from office.dashboard.decisions import CAUSES, PASSED, Decisions, check_row, refusal_row
from office.dashboard.gauges import CounterTable, LatencyTable, counter_row, latency_row
from office.dashboard.holdings import Holdings, position_row
from office.dashboard.rows import Key, Rows
from office.dashboard.server import At, Server, server_row
from protocols import management as m
from protocols import ouch50
from protocols.errors import ProtocolError

STALE_TICKS: Final = 3
"""A server that says something every second and was not heard for so many shows old data."""
_SETTLING: Final = 2
"""Ticks after the beginning of a watch in which numbers come as they like: the latest of everything is sent first."""
_BOOK: Final = ord(m.TopOfBook.TYPE)
_KILLED: Final = "kill"
_OTHER_CONFIGURATION: Final = "configuration: "
"""How the state begins in which a server says that it runs on another configuration than it was given."""
_ORDERS: Final = (ouch50.EnterOrder.TYPE.encode(), ouch50.ReplaceOrder.TYPE.encode())
_EXECUTED: Final = ouch50.OrderExecuted.TYPE.encode()


class Hub:
    """The state of the office: feed it frames, ask it for changes.

    `changed` are the keys of rows that changed since `take_changes`. `source_rows` counts frames.
    """

    def __init__(self) -> None:
        self.changed: dict[Key, None] = {}
        self.source_rows = 0
        contents: Mapping[schema.Table, Callable[[Any], Sequence[Any]]] = {
            schema.SERVERS: server_row,
            schema.BOOKS: top_row,
            schema.LADDER: ladder_row,
            schema.ORDERS: lambda order: order_row(order, self._strategy(order.server, order.strategy)),
            schema.FILLS: lambda fill: fill_row(fill, self._strategy(fill.order.server, fill.order.strategy)),
            schema.REFUSALS: lambda one: refusal_row(one, self._strategy(one.server, one.decision.strategy)),
            schema.CHECKS: check_row,
            schema.POSITIONS: position_row,
            schema.COUNTERS: counter_row,
            schema.LATENCY: latency_row,
            schema.PNL: tuple,
            schema.LOG: tuple,
            schema.ALERTS: tuple,
        }
        self.tables = {table.number: Rows(table, self.changed, content) for table, content in contents.items()}
        self.servers: dict[int, Server] = {}
        self.books = Books(self._rows(schema.BOOKS), self._rows(schema.LADDER))
        self.holdings = Holdings(self._rows(schema.POSITIONS), self.books.mark)
        self.blotter = Blotter(self._rows(schema.ORDERS), self._rows(schema.FILLS), self.holdings.execute)
        self.decisions = Decisions(self._rows(schema.REFUSALS), self._rows(schema.CHECKS))
        self.counters = CounterTable(self._rows(schema.COUNTERS))
        self.latency = LatencyTable(self._rows(schema.LATENCY))
        self._settling = 0
        self._alerts: dict[str, tuple[int, tuple[Any, ...]]] = {}
        self._journals: dict[int, int] = {}
        self._strategies: dict[tuple[int, int], str] = {}
        self._last_profit = (0, 0)

    def take(self, session: int, stream: int, number: int, time: int, message: bytes) -> None:
        """One frame of a server's run; never raises, whatever it is: what cannot be read is counted."""
        self.source_rows += 1
        if not session:
            return  # the office itself
        server = self.servers.get(session) or self._begin(session, time)
        server.frames += 1
        if time > server.seen:
            server.seen = time
        if stream == m.LIVE and number > server.live:
            if not self._settling:
                server.lost += number - server.live - 1
            server.live = number
        try:
            if message[0] == _BOOK:
                self.books.take(server.number, message, time)
            else:
                self._decoded(server, number, time, m.decode(message))
        except (ProtocolError, IndexError, struct.error):
            server.damaged += 1

    def take_changes(self) -> list[Key]:
        """The keys of all rows that changed since the last call."""
        found = list(self.changed)
        self.changed.clear()
        return found

    def tick(self, now: int) -> None:
        """To be called about once a second, with the time in ns UTC: profit, staleness."""
        self._settling = max(0, self._settling - 1)
        profit = self.holdings.remark()
        # From the first execution on and without holes, as long as somebody trades: a line between two points that are
        # far apart would show a profit that nobody had.
        if self.holdings.traded and (self.hosts() or profit != self._last_profit):
            self._rows(schema.PNL).add((now / 1e6, float(profit[0]), float(profit[1])))
        self._last_profit = profit
        for server in {id(one): one for one in self.servers.values()}.values():
            server.silent = server.silent + 1 if server.frames == server.heard else 0
            server.heard = server.frames
            stale = server.open and not server.ended and server.silent >= STALE_TICKS
            if stale != server.stale:
                server.stale = stale
                self.say(now, server.number, "warn" if stale else "info", "silent" if stale else "heard again")
            self._rows(schema.SERVERS).touch(server.row)

    def say(self, time: int, server: int, level: str, text: str) -> None:
        """A line in the log of the page; `level`: info, warn or fault."""
        self._rows(schema.LOG).add((time / 1e6, server, level, text))

    def source_began(self) -> None:
        """A watch of the collector begins: the latest of everything comes first, then what is new."""
        self._settling = _SETTLING

    def source_lost(self, now: int, reason: str) -> None:
        """The office's collector does not answer: everything shown is old."""
        for server in self.servers.values():
            if server.open:
                self._gone(server)
        self.say(now, 0, "fault", reason)

    def alerts(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """All alerts there are: dictionaries with id, rule, severity, t (ns UTC), text, evidence, state, who."""
        rows = self._rows(schema.ALERTS)
        for alert in alerts:
            name = str(alert["id"])
            texts = tuple(str(alert.get(key, "")) for key in ("rule", "severity", "text", "evidence", "state", "who"))
            row = (int(alert["t"]) / 1e6, name, *texts)
            known = self._alerts.get(name)
            if known is None:
                self._alerts[name] = rows.add(row), row
            elif known[1] != row:
                self._alerts[name] = known[0], row
                if known[0] in rows:  # an old one that has made room for newer ones stays away
                    rows.put(known[0], row)

    def hosts(self) -> list[str]:
        """Names of the hosts that are connected."""
        return sorted({server.host for server in list(self.servers.values()) if server.open and server.host})

    def journal_known(self, journal: int) -> int:
        """The last number of a journal that was taken, 0 for none."""
        return self._journals.get(journal, 0)

    def _rows(self, table: schema.Table) -> Rows:
        return self.tables[table.number]

    def _begin(self, session: int, time: int) -> Server:
        server = self.servers[session] = Server(0, session, began=time)
        server.row = server.number = self._rows(schema.SERVERS).add(server)
        if len(self.servers) > 2 * schema.SERVERS.limit:
            del self.servers[next(iter(self.servers))]
        return server

    def _decoded(self, server: Server, number: int, time: int, message: m.ManagementMessage) -> None:
        step = _STEPS.get(type(message))
        if step is not None:
            step(self, At(server, number, time), message)

    def _hello(self, at: At, message: m.Hello) -> None:
        server = self._same_journal(at.server, message)
        self._replaces(server, message.host)
        server.host, server.journal = message.host, message.journal
        server.ticks_per_second = message.ticks_per_second
        self.latency.take(server.number, server.session, m.Frame(m.CONTROL, 0, at.time, message))
        self._rows(schema.SERVERS).touch(server.row)

    def _replaces(self, server: Server, host: str) -> None:
        """A host begins with a new journal: what its last run showed is over, unless that is still connected."""
        for session, other in list(self.servers.items()):
            if other is server or other.host != host or other.open:
                continue
            del self.servers[session]
            for part in (self.books, self.blotter, self.holdings, self.counters, self.decisions):
                part.forget(other.number)
            self._rows(schema.LATENCY).forget(other.number)
            self._rows(schema.SERVERS).remove(other.row)
        if not self.holdings.traded:
            self._rows(schema.PNL).clear()  # the course of a profit that is over

    def _same_journal(self, server: Server, hello: m.Hello) -> Server:
        """A journal outlives runs, and its orders go on: the next run of a server is the same row."""
        before = next((other for other in self.servers.values() if other.journal == hello.journal), server)
        if before is not server:
            self._rows(schema.SERVERS).remove(server.row)
            before.session, before.began, before.seen = server.session, server.began, server.seen
            before.live, before.open = server.live, server.open
            before.killed, before.failed, before.state, before.ended = False, False, "", ""
            self.servers[server.session] = before
        return before

    def _connection(self, at: At, message: m.Connection) -> None:
        at.server.open = bool(message.open)
        if not at.server.open:
            self._gone(at.server)
        self.say(
            at.time,
            at.server.number,
            "info" if at.server.open else "warn",
            "connected" if at.server.open else "disconnected",
        )
        self._rows(schema.SERVERS).touch(at.server.row)

    def _gone(self, server: Server) -> None:
        """Nothing more comes from a server, for now."""
        server.open = False
        self.counters.rest(server.number)
        self._rows(schema.SERVERS).touch(server.row)

    def _state(self, at: At, message: m.State) -> None:
        at.server.state = message.body.decode("utf-8", "replace")
        at.server.killed = at.server.killed or at.server.state.startswith(_KILLED)
        level = "fault" if at.server.state.startswith(_OTHER_CONFIGURATION) else "warn" if at.server.killed else "info"
        self.say(at.time, at.server.number, level, at.server.state)
        self._rows(schema.SERVERS).touch(at.server.row)

    def _exit(self, at: At, message: m.Exit) -> None:
        at.server.ended = message.body.decode("utf-8", "replace") or "ended"
        at.server.failed = message.status != 0
        self.say(at.time, at.server.number, "fault" if message.status else "info", f"ended: {at.server.ended}")
        self._rows(schema.SERVERS).touch(at.server.row)

    def _gap(self, at: At, message: m.Gap) -> None:
        lost = message.last - message.first + 1
        text = f"feed of venue {message.venue}: messages {message.first} to {message.last} lost ({lost})"
        self.say(at.time, at.server.number, "fault", text)

    def _position(self, at: At, message: m.Position) -> None:
        self.holdings.tell(at.server.number, message, at.time)

    def _latency(self, at: At, message: m.Latency) -> None:
        self.latency.take(at.server.number, at.server.session, m.Frame(m.LIVE, at.number, at.time, message))

    def _counters(self, at: At, message: m.Counters) -> None:
        self.counters.take(at.server.number, message, at.time)

    def _stats(self, at: At, message: m.Stats) -> None:
        """The strategies' names are here and nowhere else: keys `NUMBER:KIND`."""
        try:
            keys = [key.partition(":") for key in json.loads(message.body).get("strategies", {})]
            names = {(at.server.number, int(number)): kind for number, _, kind in keys}
        except (ValueError, AttributeError, TypeError, RecursionError):
            at.server.damaged += 1
            return
        if names.items() - self._strategies.items():
            self._strategies |= names
            for table in (schema.ORDERS, schema.FILLS, schema.REFUSALS):
                rows = self._rows(table)
                for row in list(rows.ids()):
                    rows.touch(row)

    def _strategy(self, server: int, number: int) -> str:
        return "" if number < 0 else self._strategies.get((server, number), f"strategy {number}")

    def _record(self, at: At, message: m.JournalRecord) -> None:
        if at.number <= self._journals.get(at.server.journal, 0):
            return
        self._journals[at.server.journal] = at.number
        server = at.server
        if message.kind == m.OUT:
            server.orders += message.body[:1] in _ORDERS
            self.blotter.sent(at.server.number, message.venue, ouch50.decode_inbound(message.body), at.time)
        elif message.kind == m.IN:
            answer = ouch50.decode_outbound(message.body)
            new = self.blotter.answered(at.server.number, message.venue, answer, at.time)
            server.executions += new and message.body[:1] == _EXECUTED
        elif message.kind == m.DECISION:
            self._decision(at, m.Decision.decode(message.body))
        self._rows(schema.SERVERS).touch(server.row)  # its totals and the tables are of one moment

    def _decision(self, at: At, decision: m.Decision) -> None:
        number, cause = at.server.number, CAUSES[decision.cause]
        self.decisions.take(number, at.number, at.time, decision)
        at.server.refused += decision.code != PASSED
        at.server.decisions += decision.code != PASSED or decision.reference > 0
        if decision.code == PASSED and decision.reference:
            self.blotter.explain(number, decision.venue, decision.reference, decision.strategy, cause)


_STEPS: Final[Mapping[type[m.ManagementMessage], Callable[..., None]]] = {
    m.Hello: Hub._hello,
    m.Connection: Hub._connection,
    m.State: Hub._state,
    m.Exit: Hub._exit,
    m.Gap: Hub._gap,
    m.Position: Hub._position,
    m.Latency: Hub._latency,
    m.Counters: Hub._counters,
    m.Stats: Hub._stats,
    m.JournalRecord: Hub._record,
}
