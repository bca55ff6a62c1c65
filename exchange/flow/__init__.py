"""Order flow for the exchange: replay of ITCH files and a seeded, calibrated generator."""
