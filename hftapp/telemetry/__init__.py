"""The management stream to the office: its connection (`client`), what waits for it (`backlog`, `journal_source`)."""
