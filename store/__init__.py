"""The store: ClickHouse schema and loaders, post-trade analytics, surveillance, the audit log."""
