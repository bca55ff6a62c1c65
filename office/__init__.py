"""The office: where a trading server's telemetry and the second copy of its journal arrive."""
