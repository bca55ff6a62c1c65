"""From datagrams to an ordered stream of market data messages."""
