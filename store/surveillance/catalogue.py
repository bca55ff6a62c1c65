"""The rules there are."""

from __future__ import annotations

from typing import Final

from store.surveillance.rule import Rule
from store.surveillance.rules.layering import Layering
from store.surveillance.rules.marking_the_close import MarkingTheClose
from store.surveillance.rules.message_rate import MessageRate
from store.surveillance.rules.momentum_ignition import MomentumIgnition
from store.surveillance.rules.order_to_trade import OrderToTrade
from store.surveillance.rules.quote_stuffing import QuoteStuffing
from store.surveillance.rules.restricted_list import RestrictedList
from store.surveillance.rules.self_trade import SelfTrade
from store.surveillance.rules.spoofing import Spoofing
from store.surveillance.rules.wash_trade import WashTrade

RULES: Final[tuple[type[Rule], ...]] = (
    Spoofing,
    Layering,
    WashTrade,
    SelfTrade,
    QuoteStuffing,
    MarkingTheClose,
    MomentumIgnition,
    OrderToTrade,
    MessageRate,
    RestrictedList,
)
