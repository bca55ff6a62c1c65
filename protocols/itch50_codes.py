"""Codes of ITCH 5.0 fields with their meanings (§4.2, §4.3): the union of all revisions read."""

from typing import Final

SIDES: Final = {"B": "buy", "S": "sell"}
YES_NO_BLANK: Final = {"Y": "yes", "N": "no", " ": "not available"}

EVENT_CODES: Final = {
    "O": "start of messages",
    "S": "start of system hours",
    "Q": "start of market hours",
    "M": "end of market hours",
    "E": "end of system hours",
    "C": "end of messages",
}

MARKET_CATEGORIES: Final = {
    "Q": "Nasdaq Global Select Market",
    "G": "Nasdaq Global Market",
    "S": "Nasdaq Capital Market",
    "N": "NYSE",
    "A": "NYSE American",
    "P": "NYSE Arca",
    "Z": "BATS Z",
    "V": "IEX",
    "M": "NYSE Texas",  # 2026 only
    " ": "not available",
}

FINANCIAL_STATUS: Final = {
    "D": "deficient",
    "E": "delinquent",
    "Q": "bankrupt",
    "S": "suspended",
    "G": "deficient and bankrupt",
    "H": "deficient and delinquent",
    "J": "delinquent and bankrupt",
    "K": "deficient, delinquent and bankrupt",
    "C": "creations or redemptions suspended",
    "N": "normal",
    " ": "not available",
}

ISSUE_CLASSIFICATIONS: Final = {
    "A": "American depositary share",
    "B": "bond",
    "C": "common stock",
    "F": "depository receipt",
    "I": "144A",
    "L": "limited partnership",
    "N": "notes",
    "O": "ordinary share",
    "P": "preferred stock",
    "Q": "other securities",
    "R": "right",
    "S": "shares of beneficial interest",
    "T": "convertible debenture",
    "U": "unit",
    "V": "units of beneficial interest",
    "W": "warrant",
}

AUTHENTICITY: Final = {"P": "live", "T": "test"}
IPO_FLAGS: Final = {**YES_NO_BLANK, "Z": "non-IPO new listing"}  # Z: 2026 only
LULD_TIERS: Final = {"1": "tier 1", "2": "tier 2", " ": "not available"}

TRADING_STATES: Final = {"H": "halted", "P": "paused", "Q": "quotation only", "T": "trading"}

REG_SHO_ACTIONS: Final = {
    "0": "no price test",
    "1": "restriction from an intraday drop",
    "2": "restriction remains in effect",
}

MARKET_MAKER_MODES: Final = {"N": "normal", "P": "passive", "S": "syndicate", "R": "pre-syndicate", "L": "penalty"}
PARTICIPANT_STATES: Final = {"A": "active", "E": "excused", "W": "withdrawn", "S": "suspended", "D": "deleted"}

RELEASE_QUALIFIERS: Final = {"A": "anticipated", "C": "cancelled or postponed"}
MARKET_CODES: Final = {"Q": "Nasdaq", "B": "BX", "X": "PSX"}
OPERATIONAL_HALT_ACTIONS: Final = {"H": "halted", "T": "lifted"}

NOII_CROSS_TYPES: Final = {"O": "opening", "C": "closing", "H": "halt or IPO", "A": "extended trading close"}
CROSS_TYPES: Final = {**NOII_CROSS_TYPES, "I": "intraday"}  # I: old files only

IMBALANCE_DIRECTIONS: Final = {
    "B": "buy imbalance",
    "S": "sell imbalance",
    "N": "no imbalance",
    "O": "insufficient orders",
    "P": "paused",
}

PRICE_VARIATIONS: Final = {
    "L": "below 1 %",
    **{str(percent): f"{percent} to {percent}.99 %" for percent in range(1, 10)},
    "A": "10 to 19.99 %",
    "B": "20 to 29.99 %",
    "C": "30 % and more",
    " ": "not available",
}

INTEREST_FLAGS: Final = {"B": "buy side", "S": "sell side", "A": "both sides", "N": "none"}

TRADING_ACTION_REASONS: Final = {
    "T1": "halt: news pending",
    "T2": "halt: news out",
    "T5": "single-stock pause",
    "T6": "halt: extraordinary activity",
    "T8": "halt: ETF",
    "T12": "halt: information requested",
    "H4": "halt: non-compliance",
    "H9": "halt: filings not current",
    "H10": "halt: SEC suspension",
    "H11": "halt: regulatory concern",
    "O1": "operations halt",
    "LUDP": "volatility pause",
    "LUDS": "volatility pause: straddle condition",
    "MWC1": "market-wide breaker level 1",
    "MWC2": "market-wide breaker level 2",
    "MWC3": "market-wide breaker level 3",
    "MWC0": "market-wide breaker carried over",
    "IPO1": "IPO not yet trading",
    "M1": "corporate action",
    "M2": "quotation not available",
    "T3": "resume: news and resumption times",
    "T7": "quotation-only period",
    "R4": "resume: qualifications resolved",
    "R9": "resume: filings resolved",
    "C3": "resume: conditions resolved",
    "C4": "resume: conditions resolved",
    "C9": "resume: conditions resolved",
    "C11": "resume: conditions resolved",
    "MWCQ": "resume: market-wide breaker over",
    "R1": "new issue available",
    "R2": "issue available",
    "IPOQ": "IPO released for quotation",
    "IPOE": "IPO window extended",
    "": "none given",
}
"""Reasons of Stock Trading Action; open list, so other texts are accepted."""

ISSUE_SUB_TYPES: Final = {
    "A": "preferred trust securities",
    "AI": "alpha index ETN",
    "B": "index-based derivative",
    "C": "common shares",
    "CB": "commodity-based trust shares",
    "CF": "commodity futures trust shares",
    "CL": "commodity-linked securities",
    "CM": "commodity index trust shares",
    "CO": "collateralized mortgage obligation",
    "CT": "currency trust shares",
    "CU": "commodity-currency-linked securities",
    "CW": "currency warrants",
    "D": "global depositary shares",
    "E": "ETF portfolio depositary receipt",
    "EG": "equity gold shares",
    "EI": "ETN equity index-linked",
    "EM": "NextShares",
    "EN": "exchange-traded notes",
    "EU": "equity units",
    "F": "HOLDRS",
    "FI": "ETN fixed income-linked",
    "FL": "ETN futures-linked",
    "G": "global shares",
    "I": "ETF index fund shares",
    "IR": "interest rate",
    "IW": "index warrant",
    "IX": "index-linked exchangeable notes",
    "J": "corporate-backed trust security",
    "L": "contingent litigation right",
    "LL": "limited liability company",
    "M": "equity-based derivative",
    "MF": "managed fund shares",
    "ML": "ETN multi-factor index-linked",
    "MT": "managed trust securities",
    "N": "NY registry shares",
    "O": "open-ended mutual fund",
    "P": "privately held security",
    "PP": "poison pill",
    "PU": "partnership units",
    "Q": "closed-end fund",
    "R": "Reg S",
    "RC": "redeemable commodity-linked",
    "RF": "redeemable futures-linked",
    "RT": "REIT",
    "RU": "redeemable currency-linked",
    "S": "SEED",
    "SC": "spot rate closing",
    "SI": "spot rate intraday",
    "T": "tracking stock",
    "TC": "trust certificates",
    "TU": "trust units",
    "U": "portal",
    "V": "contingent value right",
    "W": "trust issued receipts",
    "WC": "world currency option",
    "X": "trust",
    "Y": "other",
    "Z": "not applicable",
}
"""Issue sub-types of Stock Directory; open list, so other texts are accepted."""
