"""The store's tables as data: columns with kind, unit and meaning, the key of a row, the order on disk.

Everything else follows from these rows: DDL (`store.schema`), Arrow types (`store.rows`), the page `docs/store.md`.

A row's key says which source it is from and its number there, so that loading twice changes nothing (`store.inserter`).
Times `t` are ns since 1970 UTC, prices price4 (1/10,000 dollar), amounts price4 times shares.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple


class Kind(Enum):
    """What a column holds: its ClickHouse type, and the codec that suits it."""

    U8 = ("UInt8", "ZSTD(1)")
    U16 = ("UInt16", "ZSTD(1)")
    U32 = ("UInt32", "ZSTD(1)")
    U64 = ("UInt64", "ZSTD(1)")
    I64 = ("Int64", "ZSTD(1)")
    GROWING = ("UInt64", "Delta(8), ZSTD(1)")
    """A number or a time of day that grows from row to row."""
    TIME = ("DateTime64(9, 'UTC')", "Delta(8), ZSTD(1)")
    PRICE = ("UInt32", "Delta(4), ZSTD(1)")
    TEXT = ("LowCardinality(String)", "ZSTD(1)")
    """One of few texts."""
    BYTES = ("String", "ZSTD(1)")
    NUMBERS = ("Array(UInt64)", "ZSTD(1)")
    TEXTS = ("Array(String)", "ZSTD(1)")

    @property
    def sql(self) -> str:
        """The ClickHouse type."""
        return self.value[0]

    @property
    def codec(self) -> str:
        """How a column of it is compressed."""
        return self.value[1]


class Column(NamedTuple):
    """A column: name, kind, unit ("" for none), meaning."""

    name: str
    kind: Kind
    unit: str
    meaning: str


class Table(NamedTuple):
    """A table. `key` identifies a row; `counter` is its member that counts, which lookups of the key are narrowed by.
    The key's first column says whose the rows are: a run, or an audit log.

    `order`: the order on disk, the key where it is empty. `joined`: it is read in joins, so it is compressed for speed
    of reading (LZ4) instead of size (ZSTD).
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    counter: str
    order: tuple[str, ...] = ()
    joined: bool = False

    @property
    def owner(self) -> str:
        """The column that says whose a row is, `run` or `log`."""
        return self.key[0]

    @property
    def sorting(self) -> tuple[str, ...]:
        """The columns that rows are sorted by on disk."""
        return self.order or self.key

    def codec(self, column: Column) -> str:
        """How a column of this table is compressed."""
        return column.kind.codec.replace("ZSTD(1)", "LZ4") if self.joined else column.kind.codec

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns."""
        return tuple(column.name for column in self.columns)


_K = Kind
_RUN = Column("run", _K.TEXT, "", "the run: when it began, UTC, and its session in hex digits; or a name given")
_VENUE = Column("venue", _K.U8, "", "number of the venue in the configuration, from 0")
_NUMBER = Column("number", _K.GROWING, "", "number of the journal record")
_FRAME = Column("number", _K.GROWING, "", "number of the frame in the stream `LIVE`")
_SYMBOL = Column("symbol", _K.TEXT, "", "the instrument, without padding")
_LOCATE = Column(
    "locate", _K.U16, "", "Stock Locate: the feed's number of the symbol on that day; the quickest key of joins"
)
_SIDE = Column("side", _K.TEXT, "", "`B` or `S`")
_REFERENCE = Column("reference", _K.U32, "", "UserRefNum of the order")
_STRATEGY = Column("strategy", _K.TEXT, "", "`NUMBER:KIND` as in the report, the number alone when no name came")
_MATCH = Column("match", _K.U64, "", "match number; 0 where there is none")
_SHARES = Column("shares", _K.U64, "shares", "how many")
_T = Column("t", _K.TIME, "ns UTC", "when it was captured; of a BinaryFILE, the exchange's own time on its date")
_EXCHANGE = Column(
    "exchange_ns", _K.GROWING, "ns", "the exchange's time since midnight New York; 0 where it gives none"
)


def _recorded(what: str) -> Column:
    return Column("t", _K.TIME, "ns UTC", what)


def _stage(name: str, what: str) -> Column:
    return Column(name, _K.U32, "ns", f"{what}, since the burst; 0 where it was not the first order of its tick")


MESSAGES: Final = Table(
    "messages",
    "Every feed and order message in the captures, as bytes; what came on both lines is there twice.",
    (
        _RUN,
        Column("source", _K.TEXT, "", "capture and stream: `PORT/GROUP:PORT`, `PORT/ouch.in.N`, `PORT/ouch.out.N`"),
        Column("sequence", _K.GROWING, "", "number of the message in the source, from 1"),
        _T,
        Column("venue", _K.U8, "", "venue whose feed it is of; 0 for orders"),
        Column("session", _K.TEXT, "", "MoldUDP64 session; empty for orders"),
        Column("feed_sequence", _K.GROWING, "", "MoldUDP64 sequence number; 0 for orders"),
        Column("kind", _K.TEXT, "", "type character of ITCH or OUCH"),
        Column("length", _K.U16, "bytes", "length of the message"),
        Column("payload", _K.BYTES, "", "the message"),
    ),
    key=("run", "source", "sequence"),
    counter="sequence",
)
L3_EVENTS: Final = Table(
    "l3_events",
    "Every event of the order-by-order feed, once, in the order of the feed.",
    (
        _RUN,
        _VENUE,
        Column("sequence", _K.GROWING, "", "MoldUDP64 sequence number; of a BinaryFILE, number of the message"),
        _T,
        _EXCHANGE,
        _SYMBOL,
        _LOCATE,
        Column("event", _K.TEXT, "", "ITCH message type: A, F, E, C, X, D, U, P or Q"),
        Column("order_ref", _K.U64, "", "order reference number; 0 for Q"),
        Column("new_ref", _K.U64, "", "order reference number that replaces it (U), else 0"),
        Column("side", _K.TEXT, "", "`B`, `S`; a space where the order is not known, and for P and Q"),
        Column("price", _K.PRICE, "price4", "of the order (E, X, D: at which it rests), of the trade for C, P, Q"),
        Column("shares", _K.U64, "shares", "added, executed, cancelled; of D what was left, of U of the new order"),
        _MATCH,
    ),
    key=("run", "venue", "sequence"),
    counter="sequence",
)
QUOTES: Final = Table(
    "quotes",
    "Each change of a best bid or offer: its price or its shares. Prices and shares are 0 where a side is empty.",
    (
        _RUN,
        _VENUE,
        Column("sequence", _K.GROWING, "", "of the event that changed it"),
        _T,
        _SYMBOL,
        _LOCATE,
        Column("bid", _K.PRICE, "price4", "best bid"),
        Column("bid_shares", _K.U64, "shares", "at the best bid"),
        Column("ask", _K.PRICE, "price4", "best offer"),
        Column("ask_shares", _K.U64, "shares", "at the best offer"),
    ),
    key=("run", "venue", "sequence"),
    counter="sequence",
    order=("run", "venue", "symbol", "sequence"),
    joined=True,
)
TRADES: Final = Table(
    "trades",
    "Every printed execution of the feed (E, C unless not printable, P, Q). Not one without a price: E of an order of "
    "before the feed began.",
    (
        _RUN,
        _VENUE,
        Column("sequence", _K.GROWING, "", "of the event"),
        _T,
        _SYMBOL,
        _LOCATE,
        Column("price", _K.PRICE, "price4", "of the trade"),
        _SHARES,
        Column("side", _K.TEXT, "", "the aggressor's: `B`, `S`; a space where nobody knows (P, Q)"),
        _MATCH,
    ),
    key=("run", "venue", "sequence"),
    counter="sequence",
    order=("run", "venue", "symbol", "sequence"),
    joined=True,
)
ORDERS: Final = Table(
    "orders",
    "Every order message of ours: sent and received, one row each.",
    (
        _RUN,
        _VENUE,
        _NUMBER,
        _recorded("when it was journalled"),
        Column(
            "event",
            _K.TEXT,
            "",
            "sent: entered, replace_sent, cancel_sent, ...; received: accepted, replaced, cancelled, executed, "
            "rejected, cancel_rejected, cancel_pending, modified, broken, ... (`store.own_orders`)",
        ),
        _REFERENCE,
        Column("replaces", _K.U32, "", "UserRefNum of the order that it replaces; 0 when none"),
        _SYMBOL,
        _SIDE,
        Column("price", _K.U64, "price4", "limit; of an execution, its price"),
        _SHARES,
        Column("tif", _K.TEXT, "", "time in force, OUCH code"),
        _STRATEGY,
        Column("iso", _K.TEXT, "", "inter-market sweep: `Y`, `N`"),
        Column("reason", _K.TEXT, "", "why it was rejected, cancelled, broken or restated: code"),
        _EXCHANGE,
        Column("order_ref", _K.U64, "", "the exchange's order reference number; 0 until it is known"),
        _MATCH,
    ),
    key=("run", "number"),
    counter="number",
)
EXECUTIONS: Final = Table(
    "executions",
    "Every execution of ours.",
    (
        _RUN,
        _VENUE,
        _NUMBER,
        _recorded("when it was journalled"),
        _REFERENCE,
        _SYMBOL,
        _SIDE,
        Column("price", _K.U64, "price4", "of the execution"),
        _SHARES,
        Column("liquidity", _K.TEXT, "", "liquidity flag, OUCH code"),
        _MATCH,
        Column("fee", _K.I64, "price4 × shares", "what the venue takes for it, negative: gives (`store.fees`)"),
        _STRATEGY,
        _EXCHANGE,
    ),
    key=("run", "number"),
    counter="number",
)
DECISIONS: Final = Table(
    "decisions",
    "Every decision of the risk gate, passed or refused.",
    (
        _RUN,
        _NUMBER,
        _recorded("when it was decided"),
        Column("code", _K.U16, "", "0: passed, else the check that refused"),
        Column("check", _K.TEXT, "", "name of the check"),
        _STRATEGY,
        Column(
            "cause",
            _K.TEXT,
            "",
            "what the strategy was told: `management.Cause`",
        ),
        _VENUE,
        Column("feed_venue", _K.U8, "", "venue whose feed `sequence` counts"),
        Column("sequence", _K.U64, "", "last message applied of the feed"),
        _SYMBOL,
        _SIDE,
        Column("reference", _K.U32, "", "UserRefNum it was sent with; 0 when it was not"),
        Column("replaces", _K.U32, "", "UserRefNum of the order that it replaces; 0 when none"),
        Column("shares", _K.U32, "shares", "wanted"),
        Column("price", _K.U64, "price4", "wanted"),
        Column("value", _K.I64, "", "what the check that refused found"),
        Column("limit", _K.I64, "", "its limit"),
        Column("burst", _K.U64, "ticks", "raw clock when the burst came"),
        _stage("parsed", "frame parsed"),
        _stage("booked", "book updated"),
        _stage("decided", "strategy decided"),
        _stage("passed", "risk gate passed"),
        _stage("rung", "doorbell rung"),
    ),
    key=("run", "number"),
    counter="number",
)
LATENCY: Final = Table(
    "latency",
    "Durations of an order by stage: `tick_to_trade` from the burst to the doorbell; at the trader's switch port "
    "`wire_to_wire` from the frame with the message decided upon (causes B and T) to the order's last byte, "
    "`order_to_ack` from there to the last byte of the first answer.",
    (
        _RUN,
        Column("number", _K.GROWING, "", "number of the decision's journal record"),
        _REFERENCE,
        _recorded("when it was decided"),
        Column("stage", _K.TEXT, "", "parsed, booked, decided, passed, rung, or of those above"),
        Column("ns", _K.U64, "ns", "the five stages count from the burst"),
    ),
    key=("run", "number", "stage"),
    counter="number",
)
POSITIONS: Final = Table(
    "positions",
    "Positions, whenever one changed.",
    (
        _RUN,
        _FRAME,
        _recorded("when the server sent it"),
        _SYMBOL,
        Column("shares", _K.I64, "shares", "held; negative: short"),
        Column("exposed_buy", _K.I64, "shares", "that open orders could buy"),
        Column("exposed_sell", _K.I64, "shares", "that open orders could sell"),
        Column("open_notional", _K.I64, "price4 × shares", "of open orders"),
    ),
    key=("run", "number"),
    counter="number",
)
COUNTERS: Final = Table(
    "counters",
    "The server's counters, once a second.",
    (
        _RUN,
        _FRAME,
        _recorded("when the server sent it"),
        Column("name_group", _K.TEXT, "", "interrupts, feed.N, nic, orders, risk, ..."),
        Column("name", _K.TEXT, "", "of the counter"),
        Column("value", _K.I64, "", "since the run began"),
    ),
    key=("run", "number", "name_group", "name"),
    counter="number",
)
STATES: Final = Table(
    "states",
    "What the trader said it does, and how it ended.",
    (
        _RUN,
        _FRAME,
        _recorded("when the server sent it"),
        Column("text", _K.BYTES, "", "UTF-8"),
    ),
    key=("run", "number"),
    counter="number",
)
ALERTS: Final = Table(
    "alerts",
    "What surveillance found in a run that is over. What was decided about it is in `audit`, where `subject` is `id`.",
    (
        _RUN,
        Column("id", _K.BYTES, "", "ten hex digits, from rule, owner, symbol, time and first order"),
        Column("t", _K.TIME, "ns UTC", "of the decisive event: `exchange_ns` on the run's clock (`store.load_alerts`)"),
        Column("last", _K.TIME, "ns UTC", "of the latest event that says the same"),
        Column("exchange_ns", _K.GROWING, "ns", "of the decisive event, the exchange's time since midnight New York"),
        Column("rule", _K.TEXT, "", "the rule that found it"),
        Column("severity", _K.TEXT, "", "as the rule has it"),
        Column("owner", _K.TEXT, "", "whose orders they are"),
        Column("accounts", _K.TEXTS, "", "of the owner, that took part"),
        _SYMBOL,
        Column("text", _K.BYTES, "", "what was found"),
        Column("repeats", _K.U64, "", "how often it was found again"),
        Column("refs", _K.NUMBERS, "", "references of the orders"),
        Column("matches", _K.NUMBERS, "", "match numbers of the executions"),
        Column("figures", _K.BYTES, "", "what the rule measured, a JSON object"),
    ),
    key=("run", "exchange_ns", "id"),
    counter="exchange_ns",
)
AUDIT: Final = Table(
    "audit",
    "Who did what: the records of audit logs that were found unchanged. They are of no run: logs outlive runs.",
    (
        Column("log", _K.TEXT, "", "hash of the log's first record"),
        Column("number", _K.GROWING, "", "number of the record, from 1"),
        _recorded("when it was done"),
        Column("who", _K.TEXT, "", "person or program"),
        Column("role", _K.TEXT, "", "in which role"),
        Column("action", _K.TEXT, "", "what was done: `kill`, `surveillance.dispose`, ..."),
        Column("subject", _K.BYTES, "", "to what: a host, an alert's `id`"),
        Column("detail", _K.BYTES, "", "whatever belongs to it, a JSON object"),
        Column("previous", _K.BYTES, "", "hash of the record before, hex digits; zeros for the first"),
        Column("hash", _K.BYTES, "", "of the record (`store.audit.record`), hex digits"),
        Column("path", _K.TEXT, "", "where the log lay; empty in rows of an older version"),
    ),
    key=("log", "number"),
    counter="number",
)
TABLES: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        *(MESSAGES, L3_EVENTS, QUOTES, TRADES, ORDERS, EXECUTIONS),
        *(DECISIONS, LATENCY, POSITIONS, COUNTERS, STATES),
        *(ALERTS, AUDIT),
    )
}
"""All tables by name."""
RUN_TABLES: Final[Mapping[str, Table]] = {name: table for name, table in TABLES.items() if table.owner == "run"}
"""Those whose rows belong to a run."""
