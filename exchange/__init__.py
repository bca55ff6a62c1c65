"""The simulated exchange: matching engine, market data publisher, order gateway and order flow."""
