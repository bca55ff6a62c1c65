"""Programs that do the job in the harness in other ways; they run in guests, not here."""
